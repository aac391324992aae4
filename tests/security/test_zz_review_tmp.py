import json, re, secrets, io
from urllib.parse import quote
import httpx, pytest
from sprintia_testing.arrangements import arranged
from sprintia_testing.shop import open_shop, DOMAIN
from sprintia_viewer.accounts.sessions import csrf_of
from sprintia_viewer.parts import Parts

@pytest.fixture(scope="module", params=["together"])
def a(request, databases, tmp_path_factory):
    with arranged(request.param, databases, tmp_path_factory.mktemp("x")) as arr:
        arr.shop = open_shop(arr.config_client, "owner")
        arr.boss = arr.user("admin")
        yield arr

GETS = ["/viewer", "/viewer/search?q={}", "/viewer/search?path={}", "/viewer/search?value={}","/viewer/search?q=a&tenant={}","/viewer/search?q=a&domain={}","/viewer/search?q=a&type={}","/viewer/search?q=a&after={}",
 "/viewer?text={}","/viewer?after={}","/viewer?tenant_id={}","/viewer/t/{}","/viewer/t/{}/new?domain=a&config_type=b","/viewer/t/owner/new?domain={}&config_type={}",
 "/viewer/t/{}/retail/config","/viewer/t/owner/{}/config","/viewer/t/owner/retail/{}","/viewer/t/owner/retail/config?line={}","/viewer/t/owner/retail/config?view={}",
 "/viewer/t/owner/retail/config/v/{}","/viewer/t/owner/retail/config/raw?version={}","/viewer/t/{}/{}/{}/newer","/viewer/t/{}/{}/{}/raw","/viewer/t/owner/retail/config/history?before={}","/viewer/t/{}/retail/{}/history",
 "/viewer/t/owner/retail/config/blame?line={}","/viewer/t/{}/{}/config/blame","/viewer/t/owner/retail/config/diff?from={}&to={}","/viewer/t/owner/retail/config/diff?from={}","/viewer/t/owner/retail/config/diff?to={}","/viewer/t/owner/retail/config/diff/{}","/viewer/t/owner/retail/config/diff/{}..{}","/viewer/t/owner/retail/config/diff/1..{}","/viewer/t/owner/retail/config/diff/1..2?view=text&row={}","/viewer/t/owner/retail/config/diff/1..2?view=text&whole={}",
 "/viewer/t/{}/{}/{}/diff",
 "/viewer/compare?left={}&right={}&type={}","/viewer/compare?left=owner/retail&right={}&type=config","/viewer/compare?left=owner/retail&right=owner/retail&type={}","/viewer/compare?left=owner/retail&right=owner/retail&type=config&view=text&row={}",
 "/viewer/t/{}/{}/{}/edit","/viewer/t/{}/{}/{}/delete","/viewer/t/owner/retail/config/rollback/{}","/viewer/t/{}/{}/{}/rollback/1","/viewer/t/{}/{}/{}/secrets/{}",
 "/viewer/audit?tenant={}","/viewer/audit?actor={}","/viewer/audit?action={}","/viewer/audit?before={}","/viewer/audit/{}/1","/viewer/audit/owner/{}","/viewer/audit/-/{}",
 "/viewer/keys?text={}","/viewer/keys?after={}","/viewer/keys/{}","/viewer/users?text={}","/viewer/users?after={}","/viewer/users/{}",
 "/viewer/mapping?tenant={}","/viewer/mapping?account={}","/viewer/mapping?inbox={}","/viewer/mapping?phone={}","/viewer/mapping?section=accounts&start={}","/viewer/mapping?section={}",
 "/viewer/mapping/history?tenant={}","/viewer/mapping/history?before={}","/viewer/mapping/history/{}/1","/viewer/mapping/history/owner/{}","/viewer/mapping/history/owner/{}/rollback","/viewer/mapping/history/{}/1/rollback",
 "/viewer/collections?text={}","/viewer/collections?collection={}","/viewer/collections?after={}","/viewer/collections?done={}","/viewer/collections?format={}","/viewer/collections?format=csv&text={}",
 "/viewer/deliveries?tenant={}","/viewer/deliveries?outcome={}","/viewer/deliveries?before={}","/viewer/deliveries?format=csv&tenant={}","/viewer/deliveries/{}/1","/viewer/deliveries/owner/{}","/viewer/deliveries/owner/{}/replay","/viewer/deliveries/{}/1/replay",
 "/viewer/confirm?next={}","/viewer/account?language={}","/viewer/account?format={}","/viewer/oidc/callback?state={}&code={}","/viewer/static/{}","/viewer/sessions?x={}","/viewer/plugins?format={}",
]
PUB = ["/viewer/sign-in?next={}","/viewer/sign-in?language={}","/viewer/welcome/{}"]
VALUES = ["%00","a%00b","%FF%FE","%C3%28","%ED%A0%80","99999999999999999999999","9223372036854775807","9223372036854775808","-1","-9223372036854775809","0","1e3","1_0","%D9%A1","+1","NaN","%0d%0aX-Evil:%201","..%2f..%2fetc","%2e%2e","..","{{7*7}}","%7B%7B7*7%7D%7D","%25s%25(x)s","x"*300,"x"*5000,"","%20","%E2%80%AE","%F0%9F%92%A9","'\"><script>","*","-","//evil.example","https://evil.example","%5Cevil","eyJhIjoxfQ","WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgIm93bmVyIiwgMV0","1;2","[]","a[b]", "--", "true", "~0", "/", "%2F", "json"]

def sess(a, who):
    parts = Parts.of(a.viewer.host)
    u = a.viewer.run(lambda: parts.users.find(who.id))
    tok = a.viewer.run(lambda: parts.sessions.open(u, address="127.0.0.1", user_agent="", method="t"))
    c = a.stranger(); c.cookies.set("sprintia", tok); c.tok = tok
    return c

def test_fuzz_get(a):
    c, s = sess(a, a.boss), a.stranger()
    bad = []
    for cl, paths in ((c, GETS), (s, PUB)):
        for p in paths:
            for v in VALUES:
                u = p.replace("{}", v)
                try:
                    r = cl.get(u)
                except Exception as e:
                    bad.append(("EXC", u[:150], repr(e)[:100])); continue
                if r.status_code >= 500: bad.append((r.status_code, u[:150], re.sub(r"\s+"," ",r.text)[-300:][:0]))
                if "no-store" not in r.headers.get("cache-control",""): bad.append(("CACHE", r.status_code, u[:120], r.headers.get("cache-control")))
                if r.headers.get("x-evil"): bad.append(("HDR", u))
                if "49" in r.text and "7*7" in v and "{{7*7}}" not in r.text and "%7B" not in r.text: bad.append(("SSTI?", u))
                if "<script>'" in r.text or "'\"><script>" in r.text: bad.append(("XSS", u))
                loc = r.headers.get("location","")
                if loc and not re.match(r"/viewer(/|\?|$)", loc): bad.append(("LOC", u, loc))
    for b in bad: print("BAD", b)
    assert 0
