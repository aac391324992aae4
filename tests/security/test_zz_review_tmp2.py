import json, re, secrets, io, socket, threading
from concurrent.futures import ThreadPoolExecutor
import httpx, pytest
from security.test_zz_review_tmp import a, sess
from security.test_page_rights import MATRIX
from sprintia_testing.shop import DOMAIN
from sprintia_testing.arrangements import PASSWORD
from sprintia_viewer.accounts.sessions import csrf_of
from sprintia_viewer.parts import Parts

def raw(a, text):
    host, port = a.viewer_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as s:
        s.sendall(text)
        s.settimeout(5)
        out = b""
        try:
            while True:
                d = s.recv(65536)
                if not d: break
                out += d
        except TimeoutError: pass
    return out

def confirm(a, c):
    r = c.post("/viewer/confirm", data={"csrf": csrf_of(c.tok), "password": PASSWORD})
    assert r.status_code == 303, r.text
    c.tok = r.cookies["sprintia"]; c.cookies.clear(); c.cookies.set("sprintia", c.tok)

def test_post_fuzz(a, caplog):
    posts = [r for r in MATRIX if r.method == "POST"]
    from security.test_zz_review_tmp import VALUES
    listed = a.shop.client.get("/config/deliveries?tenant=owner&outcome=refused").json()
    delivery = listed[0]["id"]
    key = a.config_client.get("/keys").json()[0]["id"]
    user = a.user("viewer").id
    for row in posts:
        path = row.path.format(key=key, user=user, delivery=delivery)
        victim = a.user("admin")
        c = sess(a, victim)
        if "sign-out" not in path and "/confirm" not in path: confirm(a, c)
        names = list(row.fields) or ["x"]
        def go(content, ct="application/x-www-form-urlencoded", label=""):
            try:
                r = c.post(path, content=content, headers={"Content-Type": ct})
            except Exception as e:
                print("BAD EXC", path, label, repr(e)[:100]); return
            if r.status_code >= 500: print("BAD", r.status_code, path, label, content[:120])
            if "no-store" not in r.headers.get("cache-control", ""): print("BAD CACHE", r.status_code, path, label)
            new = r.cookies.get("sprintia")
            if new: c.tok = new; c.cookies.clear(); c.cookies.set("sprintia", new)
            if r.status_code in (401,) and row.right != "anybody":
                c2 = sess(a, victim); c.tok = c2.tok; c.cookies.clear(); c.cookies.set("sprintia", c2.tok)
                if "sign-out" not in path and "/confirm" not in path: confirm(a, c)
        for n in names:
            for v in VALUES:
                vv = v.replace("&", "%26").replace("'", "%27").replace('"', "%22").replace("<", "%3C").replace(">","%3E")
                base = "&".join([f"csrf={csrf_of(c.tok)}", *(f"{k}={httpx.QueryParams({'k': x}).get('k')}" for k, x in row.fields.items() if k != n)]).encode()
                go(base + f"&{n}={vv}".encode(), label=f"{n}={v[:20]}")
        base = f"csrf={csrf_of(c.tok)}".encode()
        go(base + b"&a=1" * 2001, label="2001"); go(base + b"&" + base, label="dup csrf")
        go(b"\xff\xfe", label="bin"); go(base + b"&%ff=1", label="badname"); go(b"[]", "application/json", "json")
        go(b"--x\r\n\r\n", "multipart/form-data; boundary=x", "multi"); go(b"", label="empty"); go(base + b"&_method=DELETE", label="override")
        go(base, "application/x-www-form-urlencoded; charset=utf-16", label="charset")
        go(base+b"&\x00=1", label="nul"); go(base + b"&;;;&&&==&=", label="odd")
    assert 0

def test_hosts_and_origins(a):
    c = sess(a, a.boss)
    for host in ("[", "[::1", "[::1]:x", "a b", "evil.example", "127.0.0.1:99999999", "localhost:", "@", "", "x"*3000, "\xff"):
        for path, method, extra in (("/viewer/sign-in","POST",f"Origin: http://{host}\r\n"),("/viewer/sign-in","POST","Origin: http://[\r\n"),("/viewer/sign-in","POST","Origin: http://[::1\r\n"),("/viewer/sign-in","POST","Sec-Fetch-Site: same-origin\r\n"),("/viewer","GET","")):
            body = b"name=nobody&password=x"
            t = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{extra}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n".encode("latin-1") + body
            out = raw(a, t)
            st = out.split(b"\r\n",1)[0]
            if b" 5" in st[:12] or not st: print("BAD HOST", repr(host[:20]), path, extra.strip()[:40], st)
            else: print("ok", repr(host[:20]), path, extra.strip()[:40], st)
    for h in ("Cookie: sprintia=\xff\xfe", "Cookie: sprintia=\"a;b\"", "Cookie: sprintia=" + "a"*5000, "Cookie: =; ;;; sprintia", "Accept-Language: \xff,;q=x", "Accept-Language: " + "a,"*3000, "X-HTTP-Method-Override: DELETE", "X-Acting-For: {}", "User-Agent: \xff\x01"):
        out = raw(a, f"GET /viewer HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{h}\r\n\r\n".encode("latin-1"))
        st = out.split(b"\r\n",1)[0]; print("BAD HDR" if b" 5" in st[:12] or not st else "ok", repr(h[:40]), st)
    assert 0

def test_methods(a):
    c = sess(a, a.boss)
    for row in MATRIX:
        path = row.path.replace("{key}", "x").replace("{user}", "1").replace("{delivery}", "1")
        for m in ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "QUERY", "get"):
            for cl in (a.stranger(), c):
                r = cl.request(m, path)
                if r.status_code not in (405,) and not (m == "OPTIONS" and r.status_code == 204): print("ODD", m, path, r.status_code, len(r.content), r.headers.get("allow"))
                if r.status_code >= 500: print("BAD", m, path, r.status_code)
    assert 0

def test_twins_and_logs(a, capfd):
    name, link = a.invitation("editor")
    s = a.stranger()
    r1 = s.get(link); r2 = s.get(link + "?format=json"); r3 = s.get(link + "%00"); r4 = s.delete(link); r5 = s.get(link+"/x")
    print("WELCOME", r1.status_code, r2.status_code, r2.text[:200], r3.status_code, r4.status_code, r5.status_code, r1.headers.get("referrer-policy"), r1.headers)
    c = sess(a, a.user("admin")); confirm(a, c)
    secrets_seen = []
    cs = lambda: csrf_of(c.tok)
    for path, data in (("/viewer/keys/new", {"name": "k", "rights": "admin"}), ("/viewer/users/new", {"name": f"n{secrets.token_hex(3)}", "role": "viewer", "display_name": "x"}), ("/viewer/account/totp", {})):
        r = c.post(path + "?format=json", data={"csrf": cs(), **data})
        print("TWIN", path, r.status_code, r.headers["content-type"], r.headers["cache-control"], re.findall(r"sprk_\w+|/viewer/welcome/[\w-]+", r.text)[:2])
    assert 0
