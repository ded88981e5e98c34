"""Names in generated Verilog: plain identifiers that a floor plan, a constraint or a wave window can name."""

import re
from collections.abc import Iterable

PREFIX = "ohmgrad_"
"""Of every module below the top."""
KEYWORDS = frozenset(
    """
    accept_on alias always and assert assign assume automatic before begin bind bins bit break buf byte case
    cell chandle class clocking cmos config const constraint context continue cover cross deassign default
    defparam design disable dist do edge else end endcase endclass endmodule enum event export extends extern
    final first_match for force foreach forever fork function generate genvar global if iff ifnone import
    include initial inout input inside instance int integer interface intersect join let library local
    localparam logic longint macromodule matches medium modport module nand negedge new nexttime nmos nor
    noshowcancelled not null or output package packed parameter pmos posedge primitive priority program property
    protected pull0 pull1 pulldown pullup pure rand randc real realtime ref reg release repeat return rtran
    scalared sequence shortint shortreal signed small solve specify specparam static string strong struct super
    supply0 supply1 table tagged task this throughout time timeprecision timeunit tran tri type typedef union
    unique unsigned until use uwire var vectored virtual void wait weak while wildcard wire with within wor xnor
    xor
    """.split()
)
"""Words of SystemVerilog (IEEE 1800-2017, annex B) that a signal might be called."""
_ESCAPED = re.compile(r"\\(\S+) ")
_TOKEN = re.compile(r"(?<![\w$'])[A-Za-z_]\w*")


def readable(text: str) -> str:
    """Verilog without escaped identifiers; each one becomes the same plain identifier wherever it stands.

    A module is named after the instance that it is of, with as many of those above it as make the name unique:
    `ohmgrad_correlator`, `ohmgrad_correlator_memory`. An instance beside a signal of its name gets `u_` before it.
    """
    escaped = list(dict.fromkeys(_ESCAPED.findall(text)))
    taken = set(_TOKEN.findall(_ESCAPED.sub("", text))) | KEYWORDS
    modules = re.findall(r"^module \\(\S+) ", text, flags=re.M)
    names = dict(zip(modules, _modules(modules), strict=True))
    instances = set(re.findall(r"^  \S+  \\(\S+)  \($", text, flags=re.M))
    for name in escaped:
        if name not in names:
            plain = re.sub(r"\W+", "_", re.sub(r"^\$auto\$.*dump_module", "dump_module", name)).rstrip("_")
            if name in instances:
                plain = "u_" + name.partition("$")[0]
            while plain in taken:
                plain += "_"
            taken.add(plain)
            names[name] = plain
    return _ESCAPED.sub(lambda match: names[match[1]] + " ", text)


def _modules(modules: Iterable[str]) -> list[str]:
    """Names of modules by their places in the hierarchy."""
    places = [tuple(re.sub(r"\$\d+", "", module).split(".")) for module in modules]
    found: list[str] = []
    for place in places:
        length = 1
        while sum(other[-length:] == place[-length:] for other in places) > 1 and length < len(place):
            length += 1
        name = PREFIX + "_".join(place[-length:])
        while name in found:
            name += "_"
        found.append(name)
    return found
