//! Adapters of the ports of Better Business Builder: language models and mail
