"""ApplicationSet: one template and many sets of parameters make Applications.

``generators`` make the parameters, ``templates`` fill them in, ``controller`` keeps the Applications as they should be.
Facts: ``applicationset/`` of Argo CD 3.5.
"""
