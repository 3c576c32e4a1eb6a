"""What `scripts/bench` times: each figure beside a yardstick of the same run.

`measure` and `sheet` have what all share; `cutoff`, `gateway` and `decisions` are a bench each, and `load` and
`clients` what asks there.
"""
