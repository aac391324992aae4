from advanced_alchemy.base import CommonTableAttributes
from sqlalchemy import MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sprintia_platform.keys.models import NAMING


class ToyBase(CommonTableAttributes, DeclarativeBase):
    __abstract__ = True
    metadata = MetaData(schema="toy", naming_convention=NAMING)
    type_annotation_map = {str: Text}  # noqa: RUF012 - SQLAlchemy reads it from the class


class Visit(ToyBase):
    __tablename__ = "visit"

    name: Mapped[str] = mapped_column(primary_key=True)
