"""Which servers hold the keys of a source: the one that its URL names, or all primaries of its cluster."""

from __future__ import annotations

from redis.exceptions import RedisError, ResponseError

from collectors.redis import refusals
from collectors.redis.census.denied import Denied
from collectors.redis.census.look import look
from collectors.redis.census.run import Node
from collectors.redis.census.session import Session
from collectors.redis.census.standing import Room, Standing
from collectors.redis.cluster import MOST, primaries
from collectors.redis.own import Own


async def nodes(
    entrance: Session, seen: Standing, own: Own, denied: Denied, database: int, room: Room
) -> tuple[list[Node], str]:
    """Return the servers to walk over, each with a connection of its own to close, and why none can be.

    The sentence is empty where nothing speaks against it. A cluster of which one primary cannot be read is
    left alone: what the others hold is no part of the whole that anybody could name.
    """
    address = entrance.address
    if not seen.cluster:
        return [Node(Session(address, own, database), seen, room)], ""
    (text,) = await entrance.ask([("CLUSTER", "NODES")])
    alone = [Node(Session(address, own), seen, room)]
    if not isinstance(text, bytes):
        refused = text if isinstance(text, ResponseError) else ResponseError("no text")
        return alone, denied.note("CLUSTER NODES", refused)
    found = primaries(text, address.host)
    if not 0 < len(found) <= MOST:
        return alone, f"its cluster has {len(found):,} primaries with keys, and 1 to {MOST} are looked at"
    reached: list[Node] = []
    for one in found:
        session = Session(address if one.asked else address.elsewhere(one.host, one.port), own)
        try:
            standing = seen if one.asked else await look(session, room, thrice=True)
            reached.append(Node(session, standing, room))
        except RedisError as error:
            await session.close()
            return reached or alone, refusals.refusal(error, session.address, session.asked).message
    return reached, ""
