#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proposer of 20 lines: between the best trial so far and a random point."""
import json, math, random, sys

request = json.load(sys.stdin)
free = [p for p in request["space"]["parameters"] if p["type"] in ("float", "int")]
ended = [t for t in request["prior"] + request["history"] if t["curve"] and t["curve"][-1]["values"][0] is not None]
ended.sort(key=lambda t: (-t["curve"][-1]["budget"], t["curve"][-1]["values"][0]))

points = []
for k in range(request["first_trial"], request["first_trial"] + request["count"]):
    draw = random.Random(f"{request['seed']}/{k}")  # the same trial, the same numbers: the study can be repeated
    point = {}
    for p in free:
        to, back = (math.log, math.exp) if p["scale"] == "log" else (float, float)
        x = draw.uniform(to(p["low"]), to(p["high"]))
        if ended:
            x = (x + to(ended[0]["point"][p["name"]])) / 2
        x = min(max(back(x), p["low"]), p["high"])
        point[p["name"]] = round(x) if p["type"] == "int" else x
    points.append(point)
json.dump({"points": points}, sys.stdout)
