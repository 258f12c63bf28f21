#!/usr/bin/env bash
# The whole way, as a user would type it: recording -> training set -> policy -> arm commands -> report.
# Usage: scripts/demo.sh [path of a LeRobot v2.1 dataset]     (without one it makes a small sample itself)
# Ends with exit code 1 when the policy trained on the sample is no better than holding the measured pose.
#
# Environment: DEMO_STEPS (training steps), DEMO_OUT (output folder, replaced if an earlier demo wrote it).
set -euo pipefail
recording=${1:-}
[ -z "$recording" ] || recording=$(realpath -e "$recording" 2>/dev/null) || { echo "error: DATASET '$1' does not exist; give the path of a LeRobot dataset" >&2; exit 2; }
source "$(dirname "${BASH_SOURCE[0]}")/workspace.sh"

name=sample
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
must_beat_hold=()

step() { printf '\n[%3d s] == %s\n' $((SECONDS - began)) "$*"; }
show() { printf '$ %s\n' "${*//$root\//}"; "$@"; }

bringup=$(ros2 pkg prefix --share vita_bringup)
if [ -z "$recording" ]; then
  recording="$out/recordings/ur12e/sample"
  step "A small recording: 32 demonstrations of an arm that grasps a block, two cameras"
  show ros2 run vita_dataset sample --out "$recording" --episodes 32 --steps 75 --size 64 80
  robot="$bringup/config/ur12e.yaml"
  must_beat_hold=(--must-beat-hold)
  resize=() steps=${DEMO_STEPS:-300} batch=16 bag_options=()
else
  robot="$out/robot.yaml"
  # Small images keep the training of a real recording within minutes on a CPU; a GPU takes them as they are.
  resize=(--resize 120 160) steps=${DEMO_STEPS:-600} batch=16 bag_options=(--compressed)
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
  "task.dataset_episodes=[$(seq -s, 0 $((held_out - 1)))]" "train.steps=$steps" "train.batch_size=$batch" \
  "train.save_freq=$steps" scheduler_warmup_steps=20 optimizer_lr=3e-4 device=cpu
checkpoint=$(find "$out/flare_outputs" -type d -name 'step_*' | sort | tail -1)

step "Turn episode $held_out into a bag, as the robot would have recorded it"
show ros2 run vita_dataset to_bag -r "$recording" --episode "$held_out" --config "$robot" --out "$out/bag" \
  ${bag_options[@]+"${bag_options[@]}"}

step "Replay it: recorded cameras and joints -> policy node -> arm commands -> report"
show ros2 launch vita_bringup replay.launch.py "bag:=$out/bag" "checkpoint:=$checkpoint" rate:=1.0 "out:=$out/report"
[ -f "$out/report/report.json" ] || { echo "error: the replay wrote no report; its output above says why" >&2; exit 1; }

step "Done"
"$root/.venv/bin/python" scripts/demo_verdict.py "$out/report/report.json" ${must_beat_hold[@]+"${must_beat_hold[@]}"}
