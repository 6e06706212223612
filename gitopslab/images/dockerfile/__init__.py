"""Dockerfiles, read as BuildKit reads them, with errors that name the line.

Here belongs what a Dockerfile says: ``lines`` joins what belongs together, ``instructions`` holds the grammar of each
instruction, ``reading`` makes stages of them, ``expansion`` fills in variables. The builder follows what was read; it
alone knows files and images. Source: the Dockerfile reference and the behaviour of BuildKit's ``parser``,
``instructions`` and ``shell`` packages, whose error texts are kept because learners meet them with Docker too.
"""

from gitopslab.images.dockerfile.instructions import Instruction
from gitopslab.images.dockerfile.lines import Heredoc
from gitopslab.images.dockerfile.reading import Dockerfile, Stage, read

__all__ = ["Dockerfile", "Heredoc", "Instruction", "Stage", "read"]
