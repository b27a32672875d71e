//! Stored bytes of earlier builds, which every later build must read.
