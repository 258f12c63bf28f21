#!/usr/bin/env bash
# The whole way, as a user would type it, in the simulator:
#   demonstrations -> training set -> policy -> replay report -> closed loop through the policy node -> one HTML page
# Usage: scripts/demo.sh                 ends with exit code 1 when the arm succeeds too rarely
#        scripts/demo.sh PATH            the same on a LeRobot v2.1 dataset of yours, up to the replay report
#
# Environment: LONG=1 (more demonstrations, steps and episodes, a higher bar), DEMO_STEPS (training steps),
# DEMO_OUT (output folder, replaced if an earlier demo wrote it).
set -euo pipefail
recording=${1:-}
[ -z "$recording" ] || recording=$(realpath -e "$recording" 2>/dev/null) || { echo "error: DATASET '$1' does not exist; give the path of a LeRobot dataset" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"

name=lift
[ -z "$recording" ] || name=$(basename "$recording")
out=${DEMO_OUT:-demo_output/$name}
if [ -e "$out" ]; then
  [ -f "$out/.vita_demo" ] || { echo "error: '$out' exists and was not written by this demo; move it or set DEMO_OUT" >&2; exit 2; }
  rm -rf "$out"
fi
mkdir -p "$out" && touch "$out/.vita_demo" "$out/COLCON_IGNORE"
out=$(realpath "$out")
export FLARE_DATASETS_DIR="$out/training_sets"
began=$SECONDS
python="$root/.venv/bin/python"

step() { printf '\n[%3d s] == %s\n' $((SECONDS - began)) "$*"; }
show() { printf '$ %s\n' "${*//$root\//}"; "$@"; }

bringup=$(ros2 pkg prefix --share vita_bringup)
if [ -z "$recording" ]; then
  # The last demonstration is kept for the replay. Closed-loop starts have other seeds than any demonstration.
  if [ "${LONG:-0}" = 1 ]; then
    demonstrations=201 steps=${DEMO_STEPS:-6000} starts=50 at_least=0.9
  else
    demonstrations=81 steps=${DEMO_STEPS:-1000} starts=20 at_least=0.6
  fi
  recording="$out/recordings/sim/lift"
  robot="$bringup/config/ur12e_sim.yaml"
  resize=(--resize 96 128) bag_options=()
  policy=(policy.observer=small policy.vita.latent_dim=256 policy.flow_net.hidden_dim=256 policy.flow_net.num_layers=2
    policy.action_ae.net.enc_hidden_dim=256 policy.action_ae.net.dec_hidden_dim=256 policy.action_ae.net.num_layers=2
    train.batch_size=32 train.log_freq=20 optimizer_lr=1e-3 scheduler_warmup_steps=100)
  step "A scripted expert shows $demonstrations times how to lift a cube"
  show ros2 run vita_sim demonstrate --out "$recording" --episodes "$demonstrations" --robot "$robot"
else
  starts=0 steps=${DEMO_STEPS:-600}
  robot="$out/robot.yaml"
  # Small images keep the training of a real recording within minutes on a CPU; a GPU takes them as they are.
  resize=(--resize 120 160) bag_options=(--compressed)
  policy=(train.batch_size=16 optimizer_lr=3e-4 scheduler_warmup_steps=20)
fi

step "Convert it into a training set"
show ros2 run vita_dataset convert -r "$recording" ${resize[@]+"${resize[@]}"} --write-task "$out/task.yaml"
training_set=$(dirname "$(find "$FLARE_DATASETS_DIR" -maxdepth 3 -name config.json | head -1)")
episodes=$(wc -l <"$training_set/meta/episodes.jsonl")
held_out=$((episodes - 1))
[ "$held_out" -gt 0 ] || { echo "error: '$recording' has one episode; the demo needs one to train on and one to test with" >&2; exit 1; }
[ -f "$robot" ] || show ros2 run vita_dataset inspect "$recording" --write-robot "$robot"

step "Train on episodes 0 to $((held_out - 1)); episode $held_out is kept for the test"
show ros2 run vita_train train policy=vita "task=$out/task.yaml" session=demo "base_dir=$out" \
  "task.dataset_episodes=[$(seq -s, 0 $((held_out - 1)))]" "train.steps=$steps" "train.save_freq=$steps" \
  "${policy[@]}" device=cpu
checkpoint=$(find "$out/flare_outputs" -type d -name 'step_*' | sort | tail -1)

step "Turn episode $held_out into a bag, as the robot would have recorded it"
show ros2 run vita_dataset to_bag -r "$recording" --episode "$held_out" --config "$robot" --out "$out/bag" \
  ${bag_options[@]+"${bag_options[@]}"}

step "Replay it: recorded cameras and joints -> policy node -> arm commands -> report"
show ros2 launch vita_bringup replay.launch.py "bag:=$out/bag" "checkpoint:=$checkpoint" rate:=1.0 "out:=$out/report"
[ -f "$out/report/report.json" ] || { echo "error: the replay wrote no report; its output above says why" >&2; exit 1; }
if [ "$starts" -eq 0 ]; then
  step "Done"
  exec "$python" scripts/demo_verdict.py "$out/report/report.json"
fi

step "Close the loop: the policy node drives the simulated arm from $starts starts that it has not seen"
show ros2 launch vita_bringup sim.launch.py "robot:=$robot" "checkpoint:=$checkpoint" "episodes:=$starts" \
  "out:=$out/closed_loop"

step "Done"
exec "$python" scripts/demo_page.py "$out" --evaluation "$out/closed_loop" --training "$(dirname "$(dirname "$checkpoint")")" \
  --replay "$out/report" --at-least "$at_least"
