"""The policy: network, normalisation, observation contract and checkpoint. Needs torch, numpy and safetensors only."""
