"""When `chunks_disagree` says so: `python -m benchmarks.disagreement [--runs N]`.

The stand-in policy answers with plans that wander, as those of a sampled policy do, a little or far. Beside each skill
of pick and place the condition is asked in every tick, with its defaults, and changes nothing. The table is that of
docs/conditions.md: how much the chunks of all runs disagreed, in how many runs the condition fired, and how many of
the runs succeeded.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import numpy as np

from bt_robot.messages import Status
from bt_robot.telemetry.recorder import read_run

BIN = Path(sys.executable).parent
SPREADS_DEG = (0, 2, 5, 10)
_WHAT = "chunks_disagree"

_SKILL = """\
    - parallel:
        prompt: {prompt}
        success_count: 1
        children:
          - vla_skill: {{done: {done}, time_limit_s: 20}}
          - repeat: {{times: forever, child: {{force_success: {{child: chunks_disagree}}}}}}
"""
TREE = (
    "tree: watched\ninclude: [skills/vla_skill.yaml]\nexpects: {in_container: [red]}\nroot:\n  sequence:\n"
    + _SKILL.format(prompt="pick up the red block", done="{holding_object: {for_s: 0.3}}")
    + _SKILL.format(prompt="place it in the container", done="{released_object: {}}")
    + "    - move_to: {pose: rest, speed: 0.3}\n"
)


@contextlib.contextmanager
def serving(spread_deg: float) -> Generator[str]:
    """Serve the stand-in policy, whose answers wander so far [deg], as a process; yield its URL."""
    command = [BIN / "bt-serve", "--port", "0", "--json", "--spread-deg", f"{spread_deg:g}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield json.loads(server.stdout.readline())["url"]
        finally:
            server.terminate()


def watch(url: str, seed: int) -> tuple[bool, bool, list[float]]:
    """Run the tree once; return whether it succeeded, whether the condition fired, and the disagreements [rad]."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "watched.yaml"
        tree.write_text(TREE, encoding="utf-8")
        command = [BIN / "bt-run", tree, "--fast", "--seed", str(seed), "--set", f"policy.url={url}"]
        command += ["--out", folder, "--record-hz", "0.1", "--json"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        said = json.loads(done.stdout.splitlines()[-1])
        fired, prompt, disagreements = False, "", list[float]()
        with read_run(Path(said["artifacts"])) as run:
            for record in run.records():
                asked = (state for node, state in zip(record.layout, record.nodes, strict=True) if node.type == _WHAT)
                fired = fired or any(state.ticked and state.status is Status.SUCCESS for state in asked)
                if record.chunk is None or record.splice is None:
                    continue
                if record.splice.disagreement_rad is not None and record.chunk.prompt == prompt:
                    disagreements.append(record.splice.disagreement_rad)
                prompt = record.chunk.prompt  # a chunk for another prompt has nothing to be compared with
    return said["status"] == "SUCCESS", fired, disagreements


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=12, help="runs for each spread (default: %(default)s)")
    runs = parser.parse_args().runs
    print("| answers wander by | disagreement, median | 90 % are below | it fired in | runs that succeeded |")
    print("|---|---|---|---|---|")
    for spread_deg in SPREADS_DEG:
        with serving(spread_deg) as url:
            watched = [watch(url, seed) for seed in range(runs)]
        values = np.concatenate([found for _, _, found in watched])
        median, high = np.quantile(values, (0.5, 0.9))
        fired, succeeded = sum(one[1] for one in watched), sum(one[0] for one in watched)
        print(f"| {spread_deg}° | {median:.2f} rad | {high:.2f} rad | {fired} | {succeeded} |", flush=True)


if __name__ == "__main__":
    main()
