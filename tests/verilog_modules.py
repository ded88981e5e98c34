"""Modules of a Verilog text by their places in the hierarchy."""

import re


def module_at(text, instances):
    """Body of the module that stands at a place: name of the top, then of instances."""
    module = instances[0]
    for instance in [*instances[1:], None]:
        body = re.search(rf"^module {module} ?\(.*?^endmodule", text, re.M | re.S)
        assert body, f"there is no module {module}"
        if instance is not None:
            found = re.search(rf"^  (\w+) +{instance} +\($", body[0], re.M)
            assert found, f"{module} has no instance {instance}"
            module = found[1]
    return body[0]
