"""Users: what they may be, who may not go, and what the audit log says of each change."""

import pytest
from sprintia_testing.accounts import PASSWORD, Accounts

from sprintia_viewer.accounts.errors import FieldRefused, LastAdmin, NameTaken, NoSuchUser
from sprintia_viewer.accounts.passwords import PasswordRefused


def test_a_user_is_made_changed_and_found(accounts: Accounts) -> None:
    user = accounts.user(name=" Ana.Prado+x@Example.com ", role="admin", password=None)
    assert (user.name, user.display_name, user.may_reveal) == ("ana.prado+x@example.com",) * 2 + (True,)
    assert user.rights == {"config:read", "config:write", "mapping:write", "admin", "secrets:read"}
    assert (user.zone, user.theme, user.shortcuts, user.language) == ("America/Sao_Paulo", "auto", True, None)
    changed = accounts.do(
        accounts.users.change(
            user.id,
            role="editor",
            tenants=["b", "a", "a"],
            may_reveal=False,
            display_name="  Ana \t Prado ",
            by="user:root",
        )
    )
    assert (changed.role, changed.tenants, changed.display_name) == ("editor", {"a", "b"}, "Ana Prado")
    assert "secrets:read" not in changed.rights
    assert accounts.do(accounts.users.named("ANA.prado+X@example.com")) == changed
    assert accounts.do(accounts.users.find(user.id)) == changed
    assert accounts.do(accounts.users.change(user.id, tenants=None, by="user:root")).tenants is None
    accounts.do(accounts.users.change(user.id, role="editor", disabled=False, by="user:root"))  # nothing new: no event
    assert accounts.events(user.name) == [
        ("test", "user.create"), ("user:root", "user.change"), ("user:root", "user.change"),
    ]  # fmt: skip
    (event,) = accounts.sql(
        "SELECT detail FROM platform.audit_event WHERE action = 'user.change' AND target = $1 ORDER BY seq LIMIT 1",
        f"user/{user.name}",
    )
    assert (
        event["detail"] == '{"display_name": "Ana Prado", "may_reveal": false, "role": "editor", "tenants": ["a", "b"]}'
    )


HOSTILE = ["", " ", "a b", "ána", "a" * 101, "a\0", "a\nb", "a/b", "<script>", "a'--", "\uff41", "\ud800", "a:b", "%"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_could_mislead_is_refused_and_finds_nobody(accounts: Accounts, name: str) -> None:
    with pytest.raises(FieldRefused) as refused:
        accounts.user(name=name)
    assert refused.value.field == "name"
    assert accounts.do(accounts.users.named(name)) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("role", "root"), ("role", "ADMIN"), ("tenants", []), ("tenants", ["a,b"]), ("tenants", ["*"]),
        ("tenants", ["a\0"]), ("tenants", ["a\n"]), ("tenants", ["x" * 129]), ("display_name", "x" * 201),
        ("tenants", [f"a-rather-long-tenant-{number:06d}" for number in range(300)]),
        ("display_name", "a\0b"), ("display_name", "a\u202eb"), ("display_name", "\ud800"),
    ],
)  # fmt: skip
def test_what_no_user_may_have_is_refused(accounts: Accounts, field: str, value: object) -> None:
    user = accounts.user(password=None)
    for attempt in (
        lambda: accounts.user(**{field: value}),
        lambda: accounts.do(accounts.users.change(user.id, by="test", **{field: value})),
    ):
        with pytest.raises(FieldRefused) as refused:
            attempt()
        assert refused.value.field == field
    assert accounts.do(accounts.users.find(user.id)) == user


def test_a_name_is_given_once(accounts: Accounts) -> None:
    results = accounts.together(*(accounts.users.create(name="Once", role="viewer", by="test") for _ in range(6)))
    assert [type(result) for result in results].count(NameTaken) == 5
    with pytest.raises(NoSuchUser):
        accounts.do(accounts.users.change(10**9, role="editor", by="test"))
    with pytest.raises(NoSuchUser):
        accounts.do(accounts.users.set_password(10**9, PASSWORD, by="test"))
    with pytest.raises(NoSuchUser):
        accounts.do(accounts.users.set_preferences(10**9, theme="dark"))


def test_the_last_admin_stays(fresh: Accounts) -> None:
    change = fresh.users.change
    admin = fresh.user(role="admin")
    fresh.user(role="admin", tenants=["one"])  # reaches not everybody
    invited = fresh.user(role="admin", password=None)  # cannot sign in yet
    for changed in ({"role": "editor"}, {"disabled": True}, {"tenants": ["one"]}):
        with pytest.raises(LastAdmin):
            fresh.do(change(admin.id, by="test", **changed))
    assert fresh.do(fresh.users.find(admin.id)) == admin
    assert [action for _, action in fresh.events(admin.name)] == ["user.create", "user.password"]
    fresh.do(change(invited.id, disabled=True, by="test"))
    fresh.do(change(admin.id, may_reveal=False, by="test"))
    fresh.user(role="admin")
    fresh.do(change(admin.id, role="viewer", by="test"))


def test_admins_who_demote_each_other_at_once_leave_one(fresh: Accounts) -> None:
    admins = [fresh.user(role="admin") for _ in range(5)]
    results = fresh.together(*(fresh.users.change(admin.id, role="viewer", by="test") for admin in admins))
    assert [type(result) for result in results].count(LastAdmin) == 1
    assert fresh.sql("SELECT count(*) FROM viewer.user WHERE role = 'admin'") == [{"count": 1}]


def test_a_new_password_ends_sessions_and_links(accounts: Accounts) -> None:
    user = accounts.user()
    here, there = accounts.opened(user), accounts.opened(user)
    link = accounts.do(accounts.links.make("password_reset", user.id, by="test"))
    keep = accounts.found(here).id
    accounts.do(accounts.users.set_password(user.id, "another harbour 44", by=user.actor, keep_session=keep))
    assert accounts.found(here)
    assert accounts.do(accounts.sessions.find(there)) is None
    assert accounts.do(accounts.links.look(link)) is None
    assert accounts.events(user.name)[-1] == (user.actor, "user.password")
    accounts.do(accounts.users.set_password(user.id, "a third harbour 44", by=user.actor))
    assert accounts.do(accounts.sessions.find(here)) is None


GOOD = [
    PASSWORD, "correct horse battery", "odoo na praia do rosa", "ãéîõü çñåø-xyz", "7f3kq9zw1mxp",
    "漢字仮名交じり文読書習慣日々",
    "x  y  z  w  v  u", "p" + "\U0001f511" * 3 + "harbourly",
]  # fmt: skip


@pytest.mark.parametrize("password", GOOD)
def test_a_password_is_taken_as_it_is(accounts: Accounts, password: str) -> None:
    user = accounts.user(password=password)
    assert not hasattr(accounts.attempt(user.name, password), "kind")
    for wrong in (password[:-1], password + " ", password.upper() if password.isascii() else password * 2, ""):
        assert accounts.attempt(user.name, wrong).kind == "wrong"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("", "too_short"), ("short", "too_short"), ("elevenchars", "too_short"), ("e\u0301" * 11, "too_short"),
        ("x7" * 101, "too_long"), ("harbour quietly " * 20, "too_long"), ("password1234", "guessable"),
        ("Passw0rd!2026", "guessable"), ("123456789012", "guessable"), ("qwertyuiop[]", "guessable"),
        ("aaaaaaaaaaaaaaaa", "guessable"), ("abababababababab", "guessable"), ("sprintia-odoo-2026", "guessable"),
        ("Senha@Odoo!123", "guessable"), ("Prado1234567", "guessable"), ("ana.prado.2026", "guessable"),
        ("ANA-PRADO-ANA!", "guessable"), ("1q2w3e4r5t6y", "guessable"), ("zyxwvutsrqponm", "guessable"),
        ("admin admin admin", "guessable"), ("flamengo2024!", "guessable"), ("Administrador1!", "guessable"),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_or_out_of_bounds_is_refused(accounts: Accounts, password: str, code: str) -> None:
    user = accounts.do(accounts.users.named("ana.prado")) or accounts.user(
        name="ana.prado", display_name="Ana Prado", password=None
    )
    with pytest.raises(PasswordRefused) as refused:
        accounts.do(accounts.users.set_password(user.id, password, by="test"))
    assert refused.value.code == code
    assert not password or password not in str(refused.value)
    assert accounts.do(accounts.users.find(user.id)).has_password is False


def test_200_characters_are_a_password_and_each_counts(accounts: Accounts) -> None:
    long = "".join(chr(0xE000 + n) for n in range(200))
    user = accounts.user(password=long)
    assert accounts.attempt(user.name, long[:-1] + "x").kind == "wrong"
    assert accounts.attempt(user.name, long * 1000).kind == "wrong"
    assert not hasattr(accounts.attempt(user.name, long), "kind")


def test_the_same_letters_are_the_same_password(accounts: Accounts) -> None:
    user = accounts.user(password="maré alta às três")
    assert not hasattr(accounts.attempt(user.name, "mare\u0301 alta a\u0300s tre\u0302s"), "kind")


def test_preferences_are_kept_and_checked(accounts: Accounts) -> None:
    user = accounts.user(password=None)
    kept = accounts.do(
        accounts.users.set_preferences(user.id, language="en", zone="Europe/Lisbon", theme="dark", shortcuts=False)
    )
    assert (kept.language, kept.zone, kept.theme, kept.shortcuts) == ("en", "Europe/Lisbon", "dark", False)
    assert accounts.do(accounts.users.set_preferences(user.id, language=None)).language is None
    for wrong in ({"zone": "../../etc/passwd"}, {"zone": ""}, {"theme": "red"}, {"language": "xx"}, {"zone": "a\0"}):
        with pytest.raises(FieldRefused) as refused:
            accounts.do(accounts.users.set_preferences(user.id, **wrong))
        assert refused.value.field == next(iter(wrong))
    assert accounts.events(user.name) == [("test", "user.create")]


def test_users_are_listed_by_name_page_by_page_and_found_by_parts(fresh: Accounts) -> None:
    for name in ("c_d", "a%b", "cxd", "b"):
        fresh.user(name=name.replace("%", "+"), display_name=f"Senhor {name.upper()}", password=None)
    page, after = fresh.do(fresh.users.list(limit=2))
    assert ([user.name for user in page], after) == (["a+b", "b"], "b")
    page, after = fresh.do(fresh.users.list(after=after, limit=2))
    assert ([user.name for user in page], after) == (["c_d", "cxd"], None)

    def found(text: str) -> list[str]:
        return [user.name for user in fresh.do(fresh.users.list(text))[0]]

    assert found("_") == ["c_d"]
    assert found("%") == ["a+b"]  # of the display name
    assert found("SENHOR C") == ["c_d", "cxd"]
    assert found("\\") == found("'") == found("nobody") == []
    assert found("\0b") == found("b")
