import { DeadHosts } from "../../provider/ssh/dead-hosts";
import type { Login } from "../../provider/ssh/login/login";
import { closedEarly, unreachable } from "../../provider/ssh/login/unreachable";

const login = {
    name: "web1",
    address: "web1",
    port: 22,
    route: { kind: "direct" },
    dialErrorLimit: 3,
    dialTimeoutSeconds: 15,
} as Login;

test.each([
    ["is silent", unreachable(login, "no answer within 15 s", true), true],
    ["is down, as its network says", unreachable(login, "no route to the host, or it is down", true), true],
    ["refuses the port", unreachable(login, "connection refused", true), false],
    ["can't be reached by its jump host", unreachable(login, "connect failed: connection refused", true), false],
    ["resets the connection", unreachable(login, "connection reset", true), false],
    ["closes the connection, as with MaxStartups", closedEarly(login), false],
])("a host that %s", (_, error, isRemembered) => {
    const deadHosts = new DeadHosts();
    deadHosts.remember(login, error);
    expect(deadHosts.failureOf(login)).toBe(isRemembered ? error : undefined);
});

test("a login that would be tried longer is dialed all the same", () => {
    const deadHosts = new DeadHosts();
    const error = unreachable(login, "no answer within 15 s", true);
    deadHosts.remember(login, error);
    expect(deadHosts.failureOf({ ...login, dialErrorLimit: 4 })).toBeUndefined();
    expect(deadHosts.failureOf({ ...login, dialTimeoutSeconds: 30 })).toBeUndefined();
    deadHosts.forget(login);
    expect(deadHosts.failureOf(login)).toBeUndefined();
});
