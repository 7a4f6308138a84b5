"""An answer to each order on standard input: see ../answer-orders.ts for the orders."""

import gc
import json
import platform
import sys
from time import perf_counter

import greenlet
import programs

by_name = {
    "chain": programs.chain,
    "hackysack": programs.hackysack,
    "ping-pong": programs.ping_pong,
    "sieve": programs.sieve,
}


def run(times, program, *sizes):
    begin = perf_counter()
    for _ in range(int(times)):
        answer = by_name[program](*map(int, sizes))
    return {"wallMs": (perf_counter() - begin) * 1000, "answer": answer}


def collect():
    gc.collect()
    return {}


def park(greenlets):
    return {"bytes": programs.park(int(greenlets))}


orders = {"run": run, "collect": collect, "park": park}


def answer(line):
    order, *words = line.split()
    try:
        return orders[order](*words)
    except Exception as failure:  # Whatever it is: it is the answer to the order.
        return {"error": repr(failure)}


print(json.dumps({"system": f"greenlet {greenlet.__version__}, CPython {platform.python_version()}"}), flush=True)
for order in sys.stdin:
    print(json.dumps(answer(order)), flush=True)
