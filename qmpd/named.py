"""``typing.NamedTuple`` without the compiler, which is most of what such a class costs; a start makes fifty of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple  # noqa: TID251
else:
    from collections import _tuplegetter
    from functools import cache
    from types import CodeType, FunctionType

    @cache
    def _code(count: int) -> CodeType:
        """What makes a tuple of ``count`` arguments, whatever they are called."""
        arguments = ", ".join(f"_{number}" for number in range(count))
        return eval(f"lambda _cls, {arguments}: _new(_cls, ({arguments},))").__code__

    class _Fields(tuple):
        """What all of them can do."""

        __slots__ = ()

        def _replace(self, /, **changes):
            replaced = tuple.__new__(type(self), map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"Got unexpected field names: {list(changes)!r}")
            return replaced

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            return f"{type(self).__name__}({', '.join(map('{}={!r}'.format, self._fields, self))})"

    class _Maker(type):
        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = tuple(namespace["__annotations__"])
            defaults = tuple(namespace.pop(field) for field in fields if field in namespace)
            code = _code(len(fields)).replace(co_varnames=("_cls", *fields), co_qualname=f"{name}.__new__")
            namespace |= {field: _tuplegetter(position, None) for position, field in enumerate(fields)}
            namespace["__new__"] = FunctionType(code, {"_new": tuple.__new__}, "__new__", defaults)
            return type(name, (_Fields,), {"__slots__": (), "_fields": fields, "__match_args__": fields, **namespace})

    class NamedTuple(metaclass=_Maker):
        """The base to name; what comes of it is a ``tuple`` that is not made by this class."""
