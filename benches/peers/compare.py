"""Compares `bbb optimize` with the samplers of dwave-samplers and OpenJij: same instances, same processor time, one run.

    python3 -m venv target/peers/optimizer
    target/peers/optimizer/bin/pip install --requirement benches/peers/requirements.txt
    cargo build --release
    target/peers/optimizer/bin/python benches/peers/compare.py --instances DIR

DIR holds the instances as `bbb bench optimizer --instances` wants them. Every peer's sweeps are tuned for each class on instances of their own, which are
not in the table; `bbb` is not tuned. The limit is processor time of the sampling itself: building a peer's model is not counted. Results are appended to
`--results` one by one, and a run that was stopped goes on where it was.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dimod
import numpy as np
import openjij
from dwave.samplers import PathIntegralAnnealingSampler, SimulatedAnnealingSampler, TabuSampler

# Name, processor seconds for each search, instances to tune on, instances to report.
CLASSES = [
    ("graphs up to 2,000", 2.0, ["G6", "G27", "G18"], ["G1", "G14", "G22", "G35", "G39", "G43", "G51"]),
    ("tori", 2.0, ["G11"], ["G32"]),
    ("large sparse graphs", 10.0, ["G60"], ["G55", "G63", "G70"]),
    ("large tori", 10.0, ["G77"], ["G81"]),
    ("dense, small", 1.0, ["bqp500_1"], ["bqp250_1", "bqp500_2", "bqp1000_1", "bqp1000_2"]),
    ("dense, large", 10.0, ["p3000_2"], ["p3000_1"]),
    ("complete", 10.0, ["K2000'"], ["K2000"]),
]
SWEEPS = [100, 300, 1_000, 3_000, 10_000, 30_000]
# A peer's steps per sweep are measured on so many.
TRIAL_SWEEPS = 20


def say(text):
    print(text, file=sys.stderr, flush=True)


class Instance:
    """A model over spins or bits to be minimised, and how its energy becomes the objective of the file: base + factor * energy."""

    def __init__(self, name, bqm, base, factor, best, file):
        self.name, self.bqm, self.base, self.factor, self.best, self.file = name, bqm, base, factor, best, file

    def objective(self, energy):
        return round(self.base + self.factor * energy)

    def gap(self, objective):
        """Percent of the best known; where none is known, of nothing: tuning compares gaps of one instance only."""
        return 100.0 * (self.best - objective) / abs(self.best)


def cut_model(n, heads, tails, weights):
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(np.zeros(n), (heads, tails, weights), 0.0, dimod.SPIN)
    return bqm, float(weights.sum()) / 2, -0.5


def graph(path):
    first, rest = path.read_text().split("\n", 1)
    rows = np.fromstring(rest, sep=" ").reshape(-1, 3)
    return cut_model(int(first.split()[0]), rows[:, 0].astype(int) - 1, rows[:, 1].astype(int) - 1, rows[:, 2])


def write_graph(path, n, heads, tails, weights):
    lines = [f"{n} {len(heads)}"] + [f"{i + 1} {j + 1} {int(w)}" for i, j, w in zip(heads, tails, weights)]
    path.write_text("\n".join(lines) + "\n")


def complete(bits):
    heads, tails = np.triu_indices(2000, 1)
    return 2000, heads, tails, np.where(bits[: len(heads)] == 1, 1.0, -1.0)


def qubo(linear, rows):
    """Values to be maximised, with couplers that count once."""
    heads, tails, values = (np.array(column) for column in zip(*rows))
    bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(-linear, (heads, tails, -values), 0.0, dimod.BINARY)
    return bqm, 0.0, -1.0


def beasley(path):
    linear, rows = {}, []
    for line in path.read_text().splitlines():
        if line[:1] in ("c", "p", ""):
            continue
        i, j, value = line.split()
        if i == j:
            linear[int(i)] = float(value)
        else:
            rows.append((int(i), int(j), float(value)))
    n = 1 + max(max(linear, default=0), max(max(i, j) for i, j, _ in rows))
    return qubo(np.array([linear.get(i, 0.0) for i in range(n)]), rows)


def palubeckis(density, seed):
    """Palubeckis's generator (2004): problems p3000_1 and p3000_2."""
    state = seed

    def draw():
        nonlocal state
        state = 16807 * state % (2**31 - 1)
        return state / (2**31)

    linear, rows = np.zeros(3000), []
    for i in range(3000):
        linear[i] = int(np.floor(201 * draw() - 100))
        for j in range(i + 1, 3000):
            if 100 * draw() <= density:
                rows.append((i, j, 2.0 * int(np.floor(201 * draw() - 100))))
    return linear, rows


def write_qubo(path, linear, rows):
    diagonal = [f"{i} {i} {int(value)}" for i, value in enumerate(linear)]
    couplers = [f"{i} {j} {int(value)}" for i, j, value in rows]
    path.write_text("\n".join(["c sense max", f"p qubo 0 {len(linear)} {len(diagonal)} {len(couplers)}"] + diagonal + couplers) + "\n")


def load(name, folder, best, scratch):
    if name.startswith("G"):
        path = folder / "gset" / f"{name}.txt"
        return Instance(name, *graph(path), best[name], path)
    if name.startswith("bqp"):
        path = folder / "bqp" / f"{name}.qubo"
        return Instance(name, *beasley(path), best[name], path)
    path = scratch / name.replace("'", "-other")
    if name.startswith("K2000"):
        # K2000' has weights of the same kind, drawn by another seed. Its best cut is not known: a typical one stands for it.
        if name == "K2000":
            bits = np.unpackbits(np.frombuffer((folder / "K2000.upper_bits").read_bytes(), np.uint8), bitorder="little")
        else:
            bits = np.random.default_rng(1).integers(0, 2, 1_999_000)
        parts = complete(bits)
        write_graph(path, *parts)
        return Instance(name, *cut_model(*parts), best["K2000"], path)
    linear, rows = palubeckis(*{"p3000_1": (50, 31000), "p3000_2": (80, 32000)}[name])
    write_qubo(path, linear, rows)
    return Instance(name, *qubo(linear, rows), best[name], path)


class Annealer:
    """A peer with reads and sweeps."""

    def __init__(self, name, call, replicas=1):
        self.name, self.call, self.replicas, self.speeds = name, call, replicas, {}

    def cpu(self, instance, reads, sweeps, seed):
        begin = time.process_time()
        found = self.call(instance.bqm, reads, sweeps, seed)
        return time.process_time() - begin, float(np.min(found.record.energy))

    def speed(self, instance):
        """Seconds that a call takes whatever it does, and seconds per sweep and read; measured once for each instance."""
        if instance.name not in self.speeds:
            self.speeds[instance.name] = self.measure(instance)
        return self.speeds[instance.name]

    def measure(self, instance):
        fixed = min(self.cpu(instance, 1, 1, seed)[0] for seed in range(2))
        sweeps = TRIAL_SWEEPS
        while True:
            spent = self.cpu(instance, 1, sweeps, 0)[0] - fixed
            if spent > 0.2 or sweeps > 1_000_000:
                return fixed, max(spent, 1e-9) / sweeps
            sweeps *= 4

    def search(self, instance, seconds, sweeps, seed):
        fixed, each = self.speed(instance)
        sweeps = max(1, min(sweeps, int(seconds / each)))
        reads = max(1, int(seconds / each / sweeps))
        spent, energy = self.cpu(instance, reads, sweeps, seed)
        updates = reads * sweeps * instance.bqm.num_variables * self.replicas / max(spent - fixed, 1e-9)
        return {"objective": instance.objective(energy), "cpu_seconds": spent - fixed, "reads": reads, "sweeps": sweeps, "updates_per_second": updates}


class Tabu:
    """dwave-samplers' tabu search, which is limited by the wall clock: it goes on until it had its processor time."""

    name = "D-Wave tabu"

    def search(self, instance, seconds, sweeps, seed):
        spent, best = 0.0, np.inf
        while spent < 0.95 * seconds:
            begin = time.process_time()
            found = TabuSampler().sample(instance.bqm, num_reads=1, timeout=int(1000 * (seconds - spent)) + 1, seed=seed)
            spent += time.process_time() - begin
            best, seed = min(best, float(found.first.energy)), seed + 1000
        return {"objective": instance.objective(best), "cpu_seconds": spent}


TROTTER = 8
PEERS = [
    Annealer("D-Wave sa", lambda bqm, reads, sweeps, seed: SimulatedAnnealingSampler().sample(bqm, num_reads=reads, num_sweeps=sweeps, seed=seed)),
    Annealer(
        "D-Wave path integral",
        lambda bqm, reads, sweeps, seed: PathIntegralAnnealingSampler().sample(bqm, num_reads=reads, num_sweeps=sweeps, seed=seed),
    ),
    Tabu(),
    Annealer("OpenJij sa", lambda bqm, reads, sweeps, seed: openjij.SASampler().sample(bqm, num_reads=reads, num_sweeps=sweeps, seed=seed)),
    Annealer(
        "OpenJij sqa",
        lambda bqm, reads, sweeps, seed: openjij.SQASampler().sample(bqm, num_reads=reads, num_sweeps=sweeps, trotter=TROTTER, seed=seed),
        TROTTER,
    ),
]


class Ours:
    """`bbb optimize`, by default choices; the seconds are its own count of its processor time."""

    def __init__(self, program, sampler):
        self.program, self.sampler, self.name = program, sampler, f"bbb {sampler}"

    def search(self, instance, seconds, sweeps, seed):
        command = [self.program, "optimize", instance.file, "--sampler", self.sampler, "--cpu-time", f"{seconds}s", "--seed", str(seed), "--json"]
        answer = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)
        kept = ("objective", "cpu_seconds", "updates_per_second", "solver")
        return {key: answer[key] for key in kept}


class Results:
    """What was measured, kept in a file line by line."""

    def __init__(self, path):
        self.path, self.known = path, {}
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self.known[self.key(row)] = row

    @staticmethod
    def key(row):
        return (row["instance"], row["solver_name"], row["seconds"], row["asked_sweeps"], row["seed"])

    def of(self, solver, instance, seconds, sweeps, seed):
        row = {"instance": instance.name, "solver_name": solver.name, "seconds": seconds, "asked_sweeps": sweeps, "seed": seed}
        if self.key(row) not in self.known:
            row |= solver.search(instance, seconds, sweeps, seed)
            row["gap_percent"] = instance.gap(row["objective"])
            say(f"{instance.name} {solver.name} sweeps {sweeps} seed {seed}: {row['objective']} ({row['gap_percent']:.3f} %) in {row['cpu_seconds']:.1f} s")
            self.known[self.key(row)] = row
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")
        return self.known[self.key(row)]


def tuned(peer, instances, seconds, results):
    """The sweeps that leave the least gap on these instances in this time."""
    if not isinstance(peer, Annealer):
        return None
    gaps = {}
    for sweeps in SWEEPS:
        rows = [results.of(peer, instance, seconds, sweeps, 0) for instance in instances]
        gaps[sweeps] = sum(row["gap_percent"] for row in rows)
        # Fewer sweeps than asked for: nothing longer fits the time.
        if all(row["sweeps"] < sweeps for row in rows):
            break
    return min(gaps, key=gaps.get)


def table(title, seconds, instances, solvers, rows):
    print(f"\n{title}, {seconds:g} s\n")
    print("| instance | best known | " + " | ".join(solver.name for solver in solvers) + " |")
    print("|---|---|" + "---|" * len(solvers))
    for instance in instances:
        cells = []
        for solver in solvers:
            objectives = [row["objective"] for row in rows[solver.name, instance.name]]
            median = statistics.median_low(objectives)
            cells.append(f"{median} ({instance.gap(median):.3f})")
        print(f"| {instance.name} | {instance.best} | " + " | ".join(cells) + " |")
    speeds = []
    for solver in solvers:
        each = [row["updates_per_second"] for row in rows[solver.name, instances[0].name] if "updates_per_second" in row]
        speeds.append(f"{statistics.median(each):.1e}" if each else "")
    print(f"| updates/s, {instances[0].name} | | " + " | ".join(speeds) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instances", type=Path, required=True, help="folder with best_known.tsv, gset/, bqp/ and K2000.upper_bits")
    parser.add_argument("--bbb", type=Path, default=Path("target/release/bbb"), help="the program")
    parser.add_argument("--sampler", action="append", help="a sampler of bbb's, auto where none is named; may be repeated")
    parser.add_argument("--peer", action="append", choices=[peer.name for peer in PEERS], help="a peer, all where none is named; may be repeated")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--results", type=Path, default=Path("target/optimizer-peers.jsonl"), help="what was measured; a run goes on with it")
    parser.add_argument("--classes", help="only classes whose names contain this")
    options = parser.parse_args()
    results = Results(options.results)
    rows_of = (line.split("\t") for line in (options.instances / "best_known.tsv").read_text().splitlines()[1:])
    best = {row[0]: int(float(row[3])) for row in rows_of}
    ours = [Ours(options.bbb, sampler) for sampler in options.sampler or ["auto"]]
    peers = [peer for peer in PEERS if not options.peer or peer.name in options.peer]
    with tempfile.TemporaryDirectory() as scratch:
        for title, seconds, tuning, wanted in CLASSES:
            if options.classes and options.classes not in title:
                continue
            instances = {name: load(name, options.instances, best, Path(scratch)) for name in tuning + wanted}
            rows = {}
            for solver in ours + peers:
                sweeps = tuned(solver, [instances[name] for name in tuning], seconds, results)
                for name in wanted:
                    seeds = range(1, options.seeds + 1)
                    rows[solver.name, name] = [results.of(solver, instances[name], seconds, sweeps, seed) for seed in seeds]
            table(title, seconds, [instances[name] for name in wanted], ours + peers, rows)


if __name__ == "__main__":
    main()
