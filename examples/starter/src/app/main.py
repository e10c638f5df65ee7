"""The application: `uvicorn app.main:app`. Importing this opens no file and no connection."""

from fastapi import FastAPI

from app import notes, words

app = FastAPI(title="starter")
app.include_router(notes.router)
app.include_router(words.router)


@app.get("/health")
def health() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "well"}
