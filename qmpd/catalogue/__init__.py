"""Facts about a QEMU build as data: which types, properties, machines and CPU models it has, and their descriptions.

``Catalogue.open()`` is the way in. A catalogue is recorded from a real QEMU by ``qmpd catalogue record``.
"""

from qmpd.catalogue.catalogue import LINK, Catalogue, MachineInfo, TypeInfo
from qmpd.catalogue.parts import CatalogueFormatError
from qmpd.catalogue.tree import PciFunction, Tree, TreeObject

__all__ = ["LINK", "Catalogue", "CatalogueFormatError", "MachineInfo", "PciFunction", "Tree", "TreeObject", "TypeInfo"]
