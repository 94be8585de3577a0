"""What the parse tree of a statement shows, found by a child process that may die of it.

Nothing here but the child imports the parser.
"""

from collectors.postgres.parsing.parser import Parser, ParserError
from collectors.postgres.parsing.shape import Condition, Relation, Shape, Unparsed

__all__ = ["Condition", "Parser", "ParserError", "Relation", "Shape", "Unparsed"]
