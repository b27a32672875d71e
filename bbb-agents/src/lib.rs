//! The actors of Better Business Builder: supervisor, seven roles, oversight, effect runner, engine
