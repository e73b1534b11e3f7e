# SPDX-License-Identifier: Apache-2.0
"""What h5py and xarray read from the study of write_sample_study."""
import sys

import h5py
import numpy as np
import pandas as pd
import xarray as xr

path = sys.argv[1]
groups = ["trials", "rungs", "tasks", "submissions", "attempts", "executions", "metrics", "reports", "decisions", "prior", "provenance"]


def with_h5py():
    with h5py.File(path) as f:
        assert f.attrs["format"] == "hpo-study" and f.attrs["format_version"] == 2
        assert f.attrs["title"] == "sample" and f.userblock_size == 512
        assert f["study_toml"].asstr()[()].startswith("[study]\nname")
        assert sorted(groups + ["study_toml"]) == sorted(f)
        trials = f["trials"]
        frame = pd.DataFrame({k: v.asstr()[()] if h5py.check_string_dtype(v.dtype) else v[()] for k, v in trials.items()})
        assert len(frame) == 6 and list(frame.trial) == list(range(6))
        assert set(frame.param_optimizer) <= {"adam", "adamw", "sgd"}
        assert frame.param_lr.between(1e-5, 1e-1).all() and frame.param_hidden.dtype == np.int64
        assert (np.isnan(frame.param_heads) == (frame.param_optimizer != "sgd")).all()
        assert frame.seed.dtype == np.uint64 and frame.value_valid_error[0] == 0.125
        assert f["tasks/message"].asstr()[1] == "café is closed"
        assert f.attrs["told"] == "rung 0 is at work" and f["executions/job"].asstr()[2] == "1234_2"
        assert f["trials/param_lr"].dims[0][0].name == "/trials/trial"
        assert f["trials/param_lr"].attrs["kind"] == "float" and f["trials/param_lr"].attrs["high"] == 1e-1
        assert f["metrics/name"].asstr()[()].tolist() == ["valid_error", "train/loss"]
        assert f["metrics/column"].asstr()[()].tolist() == ["value_valid_error", "value_train_loss"]


def with_xarray(engine):
    tables = {g: xr.open_dataset(path, group=g, engine=engine) for g in groups}
    trials = tables["trials"].to_dataframe()
    assert len(trials) == 6 and trials.index.name == "trial"
    assert set(trials.param_optimizer) <= {"adam", "adamw", "sgd"}
    assert trials.value_valid_error[0] == 0.125 and trials.value_latency_ms[0] == 4.5
    assert str(trials.proposed[0]).startswith("2023-11-14")
    assert tables["trials"].param_lr.attrs["scale"] == "log"
    tasks = tables["tasks"].to_dataframe()
    assert tasks.message[1] == "café is closed" and pd.isna(tasks.ended[1])
    assert tables["tasks"].state.attrs["flag_meanings"].split()[tasks.state[0]] == "finished"
    executions = tables["executions"].to_dataframe()
    assert len(executions) == 6 and executions.nodes[0] == "n[3-4]" and executions.index.name == "execution"
    assert tables["executions"].cause.attrs["flag_meanings"].split()[executions.cause[0]] == "timeout"
    reports = tables["reports"].to_dataframe()
    assert len(reports) == 18 and reports.value_valid_error[0] == 0.75
    assert list(reports.groupby("trial").step.max()) == [3.0] * 6
    assert xr.open_dataset(path, engine=engine).attrs["Conventions"] == "CF-1.10"
    assert list(tables["attempts"].dims) == ["attempt"]
    assert tables["provenance"].tool.values.tolist() == ["write_sample_study"]


with_h5py()
for name in ("h5netcdf", "netcdf4"):
    with_xarray(name)
