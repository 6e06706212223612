"""Where manifests come from, before they are rendered.

``archive`` packs a tree as Flux's source-controller does and unpacks it for a build, ``ignore`` says what is left out,
``storage`` keeps artifacts, ``reference`` finds the commit that a spec asks for, ``semver`` chooses among versions,
``names`` leads addresses of the cluster to this machine, ``registry`` reads a registry.
"""
