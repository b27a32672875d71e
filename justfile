# Everything that CI runs.
ci:
    bash .ci/run

check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

test:
    cargo test --workspace

# One subject of the large test binary, such as `just it mail`.
it SUBJECT:
    cargo test --test it {{SUBJECT}}

# Mutation tests of what guards effects (`cargo install cargo-mutants --version 27.1.0`). All of it takes hours, `just mutants -F settle.rs` minutes.
mutants *ARGS:
    cargo mutants -p bbb-core --output target {{ARGS}}

# The same with all mutants in one binary, which is much quicker: see the head of the script for its environment.
mutants-switched *ARGS:
    target/mutants/venv/bin/python tests/mutants/switch.py {{ARGS}}

bench:
    cargo bench -p bbb
    cargo bench -p bbb-core --no-default-features --features optimizer

doc:
    RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --open

# So many inputs for each target of tests/README.md, or for one of them.
fuzz ITERATIONS="20000" TARGET="":
    BBB_FUZZ_ITERATIONS={{ITERATIONS}} cargo test --test it fuzz::{{TARGET}}
