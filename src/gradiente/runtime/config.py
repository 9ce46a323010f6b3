"""The options of sessions and runs, accepted as TensorFlow 1's protocol buffers are written in programs."""

from __future__ import annotations

from typing import Any, ClassVar


class _Options:
    """An object with attributes, given by keyword and changed by assignment; an unknown keyword is an error."""

    fields: ClassVar[dict[str, Any]] = {}

    def __init__(self, **options: Any) -> None:
        for name, default in self.fields.items():
            setattr(self, name, default() if callable(default) else default)
        for name, value in options.items():
            if name not in self.fields:
                raise ValueError(
                    f"Protocol message {type(self).__name__} has no {name!r} field. It has {', '.join(sorted(self.fields))}."
                )
            setattr(self, name, value)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{type(self).__name__} has no field {name!r}.")

    def __repr__(self) -> str:
        given = {k: v for k, v in vars(self).items() if k in self.fields and v not in (None, 0, False, "")}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"


class GPUOptions(_Options):
    """Options for GPUs. Memory is XLA's to manage; the fields are accepted (``tf.GPUOptions``)."""

    fields: ClassVar[dict[str, Any]] = {
        "per_process_gpu_memory_fraction": 0.0, "allow_growth": False, "allocator_type": "", "visible_device_list": "",
        "deferred_deletion_bytes": 0, "polling_active_delay_usecs": 0, "polling_inactive_delay_msecs": 0,
        "force_gpu_compatible": False, "experimental": None,
    }  # fmt: skip


class OptimizerOptions(_Options):
    """Options of graph optimization; XLA does it always (``tf.OptimizerOptions``)."""

    L0, L1 = -1, 0
    OFF, ON_1, ON_2, DEFAULT = -1, 1, 2, 0
    fields: ClassVar[dict[str, Any]] = {
        "do_common_subexpression_elimination": False, "do_constant_folding": False, "do_function_inlining": False,
        "max_folded_constant_in_bytes": 0, "opt_level": 0, "global_jit_level": 0, "cpu_global_jit": False,
    }  # fmt: skip


class GraphOptions(_Options):
    """Options of the graph's execution (``tf.GraphOptions``)."""

    fields: ClassVar[dict[str, Any]] = {
        "enable_recv_scheduling": False, "optimizer_options": OptimizerOptions, "build_cost_model": 0,
        "build_cost_model_after": 0, "infer_shapes": False, "place_pruned_graph": False,
        "enable_bfloat16_sendrecv": False, "timeline_step": 0, "rewrite_options": None,
    }  # fmt: skip


class ConfigProto(_Options):
    """A session's options (``tf.ConfigProto``).

    ``device_count={"GPU": 0}`` keeps the session on the CPU; the other fields are accepted: XLA decides about threads
    (as many as the process may use cores, or as the environment's ``NPROC`` says), placement and memory.
    """

    fields: ClassVar[dict[str, Any]] = {
        "device_count": dict, "intra_op_parallelism_threads": 0, "inter_op_parallelism_threads": 0,
        "use_per_session_threads": False, "session_inter_op_thread_pool": list, "placement_period": 0,
        "device_filters": list, "gpu_options": GPUOptions, "allow_soft_placement": False, "log_device_placement": False,
        "graph_options": GraphOptions, "operation_timeout_in_ms": 0, "rpc_options": None, "cluster_def": None,
        "isolate_session_state": False, "experimental": None, "share_cluster_devices_in_session": False,
    }  # fmt: skip


class RunOptions(_Options):
    """A run's options (``tf.RunOptions``); tracing is accepted and fills nothing in."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = 0, 1, 2, 3
    fields: ClassVar[dict[str, Any]] = {
        "trace_level": 0, "timeout_in_ms": 0, "inter_op_thread_pool": 0, "output_partition_graphs": False,
        "debug_options": None, "report_tensor_allocations_upon_oom": False, "experimental": None,
    }  # fmt: skip


class RunMetadata(_Options):
    """What a run reports (``tf.RunMetadata``): ``step_stats`` and ``partition_graphs`` stay empty, as XLA fuses a run
    into few programs; GRADIENTE_DEBUG=time tells what takes time.
    """

    fields: ClassVar[dict[str, Any]] = {
        "step_stats": None,
        "cost_graph": None,
        "partition_graphs": list,
        "function_graphs": list,
    }
