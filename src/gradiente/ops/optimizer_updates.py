"""The ops that optimizers update variables with: ``ApplyAdam`` and the like, and their forms for a few rows of a variable.

Each rule is written once, as the new values of the variable and of its slots. From it follow the dense op, which reads
and writes each of them once when XLA fuses it, and ``SparseApply...``, which touches only the rows that have a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradiente.graph.dtypes import INDICES, NUMBERS
from gradiente.graph.evaluate import Ref
from gradiente.graph.operation import Operation
from gradiente.graph.registry import NOT_DIFFERENTIABLE, register
from gradiente.graph.shapes import TensorShape
from gradiente.graph.types import Array, Namespace
from gradiente.kernels import updates

Rule = Callable[[Namespace, Mapping[str, Any], Mapping[str, Any]], tuple[Array, ...]]
"""From the namespace, the inputs by name (variables as values) and the attributes to the variables' new values."""

_GRADIENT = ("grad", "delta")


def _update_shape(op: Operation) -> list[TensorShape]:
    """Variables and a dense gradient have one shape, rows of one belong to indices, the rest are scalars."""
    names = [arg.name for arg in op.op_def.inputs]
    var = op.inputs[0].shape
    indices = op.inputs[names.index("indices")].shape if "indices" in names else None
    for arg, tensor in zip(op.op_def.inputs, op.inputs, strict=True):
        shape = tensor.shape
        if arg.is_ref or (arg.name in _GRADIENT and indices is None):
            expected = var
        elif arg.name in _GRADIENT and indices is not None:
            expected = indices.concatenate(var[1:] if var.ndims else TensorShape(None))
        elif arg.name == "indices":
            expected = TensorShape([None])
        else:
            expected = TensorShape([])
        if not expected.is_compatible_with(shape):
            raise ValueError(
                f"An update of a variable of shape {var} needs {arg.name!r} of shape {expected}, but it has shape {shape}. "
                "The gradient and the optimizer's slots have the variable's shape."
            )
    return [var]


def _register_update(name: str, signature: str, rule: Rule, attrs: Mapping[str, Any] | None = None) -> None:
    """Declare ``Apply<name>``. XLA makes several passes over memory of most rules; on the CPU, kernels make one."""
    names = [part.split(":")[0].strip() for part in signature.split(",")]
    refs = [n for n, part in zip(names, signature.split(","), strict=True) if "Ref(" in part]
    settings = {"use_locking": False, **(attrs or {})}

    def dense(xp: Namespace, *inputs: Any, ctx: Any, op: Operation) -> Ref:
        handles = dict(zip(names, inputs, strict=True))
        values = {n: ctx.read(v) if isinstance(v, Ref) else v for n, v in handles.items()}
        for ref, new in zip(refs, rule(xp, values, op.attrs), strict=True):
            ctx.write(handles[ref], new.astype(values[ref].dtype))
        return inputs[0]

    def device(xp: Namespace, *inputs: Any, ctx: Any, op: Operation) -> Ref:
        kernel = _kernel(name, op.attrs)
        handles = dict(zip(names, inputs, strict=True))
        values = {n: ctx.read(v) if isinstance(v, Ref) else v for n, v in handles.items()}
        variables = [values[n] for n in refs]
        numbers = [v for n, v in values.items() if n not in refs and n not in _GRADIENT]
        (grad,) = (v for n, v in values.items() if n in _GRADIENT)
        if kernel is None or not updates.update_suits(variables, grad, numbers):
            return dense(xp, *inputs, ctx=ctx, op=op)
        users = [user for v in variables for user in ctx.made_of(v)]
        for ref, new in zip(refs, updates.update(kernel, variables, grad, numbers, users), strict=True):
            ctx.write(handles[ref], new)
        return inputs[0]

    register(
        "Apply" + name, f"{signature} -> out: Ref(T)", attrs=settings, types={"T": NUMBERS}, shape=_update_shape,
        compute=dense, device=device, reads=refs, writes=refs, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


def _kernel(name: str, attrs: Mapping[str, Any]) -> updates.Update | None:
    """The kernel of an update."""
    nesterov = attrs.get("use_nesterov", False)
    if name == "Momentum":
        return "nesterov" if nesterov else "momentum"
    if name == "Adam":
        return "adam_nesterov" if nesterov else "adam"
    if name == "Adagrad":
        return "adagrad" if attrs["update_slots"] else None
    kernels: dict[str, updates.Update] = {
        "GradientDescent": "gradient_descent",
        "Adadelta": "adadelta",
        "RMSProp": "rms_prop",
        "CenteredRMSProp": "centered_rms_prop",
    }
    return kernels.get(name)


def _register_sparse_update(
    name: str, signature: str, rule: Rule, attrs: Mapping[str, Any] | None = None
) -> None:
    """Declare ``SparseApply<name>``: ``rule`` on the rows that ``indices`` name; rows named twice get the sum."""
    signature = signature.replace("delta: T", "grad: T").replace("grad: T", "grad: T, indices: Tindices")
    names = [part.split(":")[0].strip() for part in signature.split(",")]
    refs = [n for n, part in zip(names, signature.split(","), strict=True) if "Ref(" in part]
    settings = {"use_locking": False, **(attrs or {})}

    def sparse(xp: Namespace, *inputs: Any, ctx: Any, op: Operation) -> Ref:
        handles = dict(zip(names, inputs, strict=True))
        indices = handles.pop("indices")
        whole = {n: ctx.read(v) for n, v in handles.items() if isinstance(v, Ref)}
        rows = next(iter(whole.values())).shape[0]
        inside = xp.all((indices >= 0) & (indices < rows))
        ctx.check(
            inside,
            f"indices of {op.name!r} are not all in [0, {rows}), the rows of {handles[refs[0]].op.name!r}",
        )
        values = {n: whole[n][indices] if n in whole else v for n, v in handles.items()}
        values["delta"] = values["grad"] = summed_duplicates(xp, handles["grad"], indices)
        for ref, new in zip(refs, rule(xp, values, op.attrs), strict=True):
            ctx.write(handles[ref], _with_rows(xp, whole[ref], indices, new.astype(whole[ref].dtype)))
        return inputs[0]

    register(
        "SparseApply" + name, f"{signature} -> out: Ref(T)", attrs=settings,
        types={"T": NUMBERS, "Tindices": INDICES}, shape=_update_shape, compute=sparse, reads=refs, writes=refs,
        checks=True, gradient=NOT_DIFFERENTIABLE,
    )  # fmt: skip


def summed_duplicates(xp: Namespace, rows: Array, indices: Array) -> Array:
    """Each row with the sum of all rows that have its index.

    All duplicates hold the same sum, so that updating each of them and writing them in any order is the update with the
    sum, and the number of rows, which XLA must know, stays.
    """
    if xp is np:
        _, place = np.unique(indices, return_inverse=True)
        total = np.zeros_like(rows)
        np.add.at(total, place, rows)
        return total[place]
    _, place = xp.unique(indices, return_inverse=True, size=indices.shape[0])
    return xp.zeros_like(rows).at[place].add(rows)[place]


def _with_rows(xp: Namespace, whole: Array, indices: Array, rows: Array) -> Array:
    if xp is np:
        result = np.array(whole)
        result[indices] = rows
        return result
    return whole.at[indices].set(rows)


# GradientDescent, Momentum


def _gradient_descent(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del xp, attrs
    return (v["var"] - v["alpha"] * v["delta"],)


_register_update("GradientDescent", "var: Ref(T), alpha: T, delta: T", _gradient_descent)


def _momentum(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del xp
    accum = v["accum"] * v["momentum"] + v["grad"]
    step = v["grad"] * v["lr"] + accum * v["momentum"] * v["lr"] if attrs["use_nesterov"] else accum * v["lr"]
    return v["var"] - step, accum


# Adagrad, Adadelta, RMSProp, Adam


def _adagrad(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    accum = v["accum"] + v["grad"] * v["grad"] if attrs["update_slots"] else v["accum"]
    return v["var"] - v["lr"] * v["grad"] / xp.sqrt(accum), accum


def _adadelta(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del attrs
    rho, epsilon, grad = v["rho"], v["epsilon"], v["grad"]
    accum = v["accum"] * rho + grad * grad * (1 - rho)
    update = xp.sqrt(v["accum_update"] + epsilon) / xp.sqrt(accum + epsilon) * grad
    return v["var"] - update * v["lr"], accum, v["accum_update"] * rho + update * update * (1 - rho)


def _rms_prop(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del attrs
    ms = v["ms"] + (v["grad"] * v["grad"] - v["ms"]) * (1 - v["rho"])
    mom = v["mom"] * v["momentum"] + v["grad"] * v["lr"] / xp.sqrt(ms + v["epsilon"])
    return v["var"] - mom, ms, mom


def _centered_rms_prop(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del attrs
    ms = v["ms"] + (v["grad"] * v["grad"] - v["ms"]) * (1 - v["rho"])
    mg = v["mg"] + (v["grad"] - v["mg"]) * (1 - v["rho"])
    mom = v["mom"] * v["momentum"] + v["grad"] * v["lr"] / xp.sqrt(ms - mg * mg + v["epsilon"])
    return v["var"] - mom, mg, ms, mom


def _adam(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    grad, beta1, beta2 = v["grad"], v["beta1"], v["beta2"]
    rate = v["lr"] * xp.sqrt(1 - v["beta2_power"]) / (1 - v["beta1_power"])
    m = v["m"] + (grad - v["m"]) * (1 - beta1)
    second = v["v"] + (grad * grad - v["v"]) * (1 - beta2)
    direction = grad * (1 - beta1) + beta1 * m if attrs["use_nesterov"] else m
    return v["var"] - direction * rate / (xp.sqrt(second) + v["epsilon"]), m, second


_register_update(
    "Adam",
    "var: Ref(T), m: Ref(T), v: Ref(T), beta1_power: T, beta2_power: T, lr: T, beta1: T, beta2: T, epsilon: T, grad: T",
    _adam, {"use_nesterov": False},
)  # fmt: skip


# Ftrl (McMahan et al. 2013), the proximal updates and AdagradDA (Duchi et al. 2011): an L1 norm makes weights exactly zero


def _ftrl(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    grad, lr, power = v["grad"], v["lr"], v["lr_power"]
    squares = v["accum"] + grad * grad
    pulled = grad + 2 * v["l2_shrinkage"] * v["var"] if "l2_shrinkage" in v else grad
    change = (squares**-power - v["accum"] ** -power) * v["var"]
    if attrs["multiply_linear_by_lr"]:
        linear = v["linear"] + pulled * lr - change
        quadratic, l1 = squares**-power + 2 * v["l2"] * lr, v["l1"] * lr
    else:
        linear = v["linear"] + pulled - change / lr
        quadratic, l1 = squares**-power / lr + 2 * v["l2"], v["l1"]
    shrunk = xp.clip(linear, -l1, l1) - linear
    return xp.where(xp.abs(linear) > l1, shrunk / quadratic, 0 * shrunk), squares, linear


def _shrunk(xp: Namespace, value: Array, by: Array) -> Array:
    """The proximal step of an L1 norm: each value goes towards zero by ``by``, and stops there."""
    return xp.where(by > 0, xp.sign(value) * xp.maximum(xp.abs(value) - by, 0), value)


def _proximal_gradient_descent(
    xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]
) -> tuple[Array, ...]:
    del attrs
    alpha = v["alpha"]
    return (_shrunk(xp, v["var"] - alpha * v["delta"], alpha * v["l1"]) / (1 + v["l2"] * alpha),)


def _proximal_adagrad(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del attrs
    accum = v["accum"] + v["grad"] * v["grad"]
    rate = v["lr"] / xp.sqrt(accum)
    return _shrunk(xp, v["var"] - v["grad"] * rate, rate * v["l1"]) / (1 + v["l2"] * rate), accum


def _adagrad_da(xp: Namespace, v: Mapping[str, Any], attrs: Mapping[str, Any]) -> tuple[Array, ...]:
    del attrs
    lr, step = v["lr"], v["global_step"].astype(v["lr"].dtype)
    total = v["gradient_accumulator"] + v["grad"]
    squares = v["gradient_squared_accumulator"] + v["grad"] * v["grad"]
    pull = _shrunk(xp, total, v["l1"] * step)
    return -lr * pull / (v["l2"] * step * lr + xp.sqrt(squares)), total, squares


_DUAL_AVERAGES = "gradient_accumulator: Ref(T), gradient_squared_accumulator: Ref(T)"

for _name, _signature, _rule, _attrs in (
    (
        "Momentum", "var: Ref(T), accum: Ref(T), lr: T, grad: T, momentum: T", _momentum, {"use_nesterov": False},
    ),
    ("Adagrad", "var: Ref(T), accum: Ref(T), lr: T, grad: T", _adagrad, {"update_slots": True}),
    (
        "Adadelta", "var: Ref(T), accum: Ref(T), accum_update: Ref(T), lr: T, rho: T, epsilon: T, grad: T", _adadelta, {},
    ),
    (
        "RMSProp", "var: Ref(T), ms: Ref(T), mom: Ref(T), lr: T, rho: T, momentum: T, epsilon: T, grad: T", _rms_prop, {},
    ),
    (
        "CenteredRMSProp",
        "var: Ref(T), mg: Ref(T), ms: Ref(T), mom: Ref(T), lr: T, rho: T, momentum: T, epsilon: T, grad: T",
        _centered_rms_prop, {},
    ),
    (
        "Ftrl", "var: Ref(T), accum: Ref(T), linear: Ref(T), grad: T, lr: T, l1: T, l2: T, lr_power: T", _ftrl,
        {"multiply_linear_by_lr": False},
    ),
    (
        "FtrlV2",
        "var: Ref(T), accum: Ref(T), linear: Ref(T), grad: T, lr: T, l1: T, l2: T, l2_shrinkage: T, lr_power: T", _ftrl,
        {"multiply_linear_by_lr": False},
    ),
    ("ProximalGradientDescent", "var: Ref(T), alpha: T, l1: T, l2: T, delta: T", _proximal_gradient_descent, {}),
    ("ProximalAdagrad", "var: Ref(T), accum: Ref(T), lr: T, l1: T, l2: T, grad: T", _proximal_adagrad, {}),
    (
        "AdagradDA",
        f"var: Ref(T), {_DUAL_AVERAGES}, grad: T, lr: T, l1: T, l2: T, global_step: int64",
        _adagrad_da, {},
    ),
):  # fmt: skip
    _register_update(_name, _signature, _rule, _attrs)
    _register_sparse_update(_name, _signature, _rule, _attrs)
