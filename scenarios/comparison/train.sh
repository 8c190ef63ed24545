#!/usr/bin/env bash
# Trains the networks of the comparison, one after the other: scenarios/comparison/train.sh [--KEY=VALUE ...]
#   PROGRAM=build/semlink  FOLDER=results/comparison  ONLY=PATTERN of names, as the shell has them
# What is there is skipped, what was interrupted goes on. Options go to every training: --train.num_images=256 for a trial.
set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${PROGRAM:-$top/build/semlink}
folder=${FOLDER:-$top/results/comparison}
common=("$@")
mkdir -p "$folder"

train() {
  local weights=$folder/$1.h5
  # shellcheck disable=SC2053  # ONLY is a pattern
  if [[ $1 != ${ONLY:-*} || -f $weights ]]; then return; fi
  local option mine=()
  for option in "${@:2}"; do
    # What is said for all trainings goes before what one says.
    if [[ " ${common[*]} " != *" ${option%%=*}="* ]]; then mine+=("$option"); fi
  done
  local resume=()
  if [ -f "$weights.checkpoint" ]; then resume=(--resume); fi
  echo "== $1"
  "$program" train "$top/scenarios/comparison/budget.ini" --output "$weights" "${mine[@]}" "${common[@]}" "${resume[@]}"
}

train dense_small
train dense_medium --network.dim=96
train dense_large --network.dim=128

# Experts in every block, at most 2 % above the multiply-adds of the small dense network; soft ones work on 48 rows because their means cost too.
experts=(--network.experts=4 --network.experts_in=both)
train experts_switch "${experts[@]}"
train experts_bias "${experts[@]}" --train.router_balance=bias
train experts_choice "${experts[@]}" --network.router=expert_choice --train.router_balance=none
train experts_hash "${experts[@]}" --network.router=hash --train.router_balance=none
train experts_soft "${experts[@]}" --network.router=soft --network.expert_slots=12 --train.router_balance=none
train experts_shared --network.experts=8 --network.experts_in=both --network.expert_ratio=2 --network.shared_ratio=2

# Tokens may be missing.
train tokens_dropped --train.drop_share=0.5

# 64 tokens become 16 rows after the first of the encoder's blocks.
train tokens_pooled --network.pooled_tokens=16

# Blocks may be left out: half of them where the mechanism has a budget.
train depth_exits --train.exit_weight=0.3 --train.exit_weight_high_snr=1
for mechanism in skip planned mod halting pondering; do
  train "depth_$mechanism" "--network.depth=$mechanism"
done

# Symbols by content: every width as often, twice the budget, a tenth of it for the gate (rates.ini compares them).
even=(--train.usual_width_share=0)
train dense_even "${even[@]}" --train.num_images=160000
train dense_even_medium "${even[@]}" --train.num_images=160000 --network.dim=96
train rates_fixed "${even[@]}" --train.num_images=144000
train rates "${even[@]}" --codec.weights="$folder/rates_fixed.h5" --train.phase=rate_gate --train.num_images=16000 \
  --train.optimizer=adamw --train.rate=5e-3

# Exits and missing tokens in one network, without and with experts.
adaptive=(--train.drop_share=0.25 --train.early_encoder_share=0.2 --train.exit_weight=0.3 --train.exit_weight_high_snr=1)
train adaptive_medium --network.dim=96 "${adaptive[@]}"
train adaptive_experts "${experts[@]}" "${adaptive[@]}"
