"""Notes, which are kept in the database."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import session
from app.models import Note

router = APIRouter(prefix="/notes")


class Written(BaseModel):
    """A note as it is sent and answered."""

    text: str
    author: str = ""


@router.get("")
def listed(database: Annotated[Session, Depends(session)]) -> list[Written]:
    """Return all notes, the first first."""
    found = database.scalars(select(Note).order_by(Note.id))
    return [Written(text=note.text, author=note.author) for note in found]


@router.post("", status_code=201)
def written(note: Written, database: Annotated[Session, Depends(session)]) -> Written:
    """Keep a note."""
    database.add(Note(text=note.text, author=note.author))
    database.commit()
    return note
