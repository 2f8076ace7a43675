import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostKeyCheck } from "../../provider/ssh/built-in/host-key";
import type { HostKeyPolicy, Login } from "../../provider/ssh/login/login";

const directory = mkdtempSync(join(tmpdir(), "portable-test-host-key-"));
const knownHosts = join(directory, "known_hosts");
afterAll(() => rmSync(directory, { recursive: true }));

function makeKey(name: string, ...type: string[]) {
    execFileSync("ssh-keygen", ["-q", "-N", "", "-f", join(directory, name), "-t", ...type]);
    const line = readFileSync(join(directory, `${name}.pub`), "utf8").trim();
    const listed = execFileSync("ssh-keygen", ["-l", "-f", join(directory, `${name}.pub`)], { encoding: "utf8" });
    const [type_, base64 = ""] = line.split(" ");
    return {
        line: `${type_} ${base64}`,
        bytes: Buffer.from(base64, "base64"),
        fingerprint: listed.split(" ")[1] ?? "",
    };
}
const correct = makeKey("correct", "ed25519");
const other = makeKey("other", "ed25519");
const ecdsa = makeKey("ecdsa", "ecdsa");
const rsa = makeKey("rsa", "rsa", "-b", "2048");

function login(policy: Partial<HostKeyPolicy>, port = 22): Login {
    return {
        name: "web1",
        client: "built-in",
        mayUseOpenSsh: false,
        address: "web1",
        port,
        user: "root",
        hostKey: { ignore: false, names: ["web1"], files: [knownHosts], revokedFiles: [], ...policy },
        credentials: { isAgentGiven: false, identitiesOnly: false, identityFiles: [] },
        route: { kind: "direct", family: 0 },
        kexAlgorithms: [],
        ciphers: [],
        dialErrorLimit: 1,
        dialTimeoutSeconds: 1,
    };
}

async function judge(lines: string[], key: Buffer, policy: Partial<HostKeyPolicy> = {}, port?: number) {
    writeFileSync(knownHosts, `${lines.join("\n")}\n`);
    return (await hostKeyCheck(login(policy, port))).judge(key);
}

describe("a key in known_hosts", () => {
    test("that is the host's is accepted", async () => {
        expect(await judge([`web1 ${correct.line}`], correct.bytes)).toBeUndefined();
        expect(await judge([`other,web1 ${correct.line}`], correct.bytes)).toBeUndefined();
        expect(await judge([`web* ${correct.line} comment`], correct.bytes)).toBeUndefined();
    });

    test("is found under a hashed name", async () => {
        writeFileSync(knownHosts, `web1 ${correct.line}\n`);
        execFileSync("ssh-keygen", ["-H", "-f", knownHosts], { stdio: "ignore" });
        const hashed = readFileSync(knownHosts, "utf8").trim();
        expect(hashed).toMatch(/^\|1\|/);
        expect(await judge([hashed], correct.bytes)).toBeUndefined();
        expect((await judge([hashed], other.bytes))?.message).toContain(`${knownHosts}:1 knows ${correct.fingerprint}`);
    });

    test("for another port isn't accepted; one for the name without a port is", async () => {
        const names = ["[web1]:2222", "web1"];
        expect(await judge([`[web1]:2222 ${correct.line}`], correct.bytes, { names }, 2222)).toBeUndefined();
        expect(await judge([`web1 ${correct.line}`], correct.bytes, { names }, 2222)).toBeUndefined();
        expect((await judge([`[web1]:2223 ${correct.line}`], correct.bytes, { names }, 2222))?.message).toContain(
            "ssh-keyscan -p 2222 web1",
        );
        expect((await judge([`web1 ${correct.line}`], other.bytes, { names }, 2222))?.message).toContain("isn't known");
    });

    test("that differs from the host's is reported with both fingerprints and its line", async () => {
        const error = await judge(["# comment", `web1 ${correct.line}`], other.bytes);
        expect(error).toMatchObject({ code: "hostKey", mayPass: false });
        expect(error?.message).toContain(`shows the host key ${other.fingerprint} (ssh-ed25519)`);
        expect(error?.message).toContain(`${knownHosts}:2 knows ${correct.fingerprint}`);
    });

    test("that is marked as revoked is refused, even if another line lists it as known", async () => {
        const error = await judge([`web1 ${correct.line}`, `@revoked web1 ${correct.line}`], correct.bytes);
        expect(error).toMatchObject({ code: "hostKey" });
        expect(error?.message).toContain(`${knownHosts}:2 revokes`);
    });

    test("of a certificate authority is reported as unsupported", async () => {
        const error = await judge([`@cert-authority web1 ${other.line}`], correct.bytes);
        expect(error?.message).toContain("only trusts certificates, which the built-in client doesn't support");
    });
});

test("an unknown key is refused with how to add it", async () => {
    const error = await judge([], correct.bytes);
    expect(error).toMatchObject({ code: "hostKey" });
    expect(error?.message).toContain("isn't known");
    expect(error?.message).toContain(`connection.hostKey to "${correct.fingerprint}"`);
    expect(error?.message).toContain("ssh-keyscan web1 >>");
});

test("the algorithms of known keys are offered first", async () => {
    writeFileSync(knownHosts, `web1 ${rsa.line}\nweb1 ${ecdsa.line}\n`);
    const { algorithms } = await hostKeyCheck(login({}));
    expect(algorithms.slice(0, 4)).toEqual(["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", "ecdsa-sha2-nistp256"]);
    expect(algorithms).toContain("ssh-ed25519");
    expect(new Set(algorithms).size).toBe(algorithms.length);
});

describe("connection.hostKey", () => {
    test.each([
        ["a public key", () => correct.line],
        ["a line of known_hosts", () => `web1 ${correct.line} comment`],
        ["a fingerprint", () => correct.fingerprint],
    ])("as %s is compared, and known_hosts is ignored", async (_, text) => {
        expect(await judge([`web1 ${other.line}`], correct.bytes, { hostKey: text() })).toBeUndefined();
        const error = await judge([`web1 ${other.line}`], other.bytes, { hostKey: text() });
        expect(error).toMatchObject({ code: "hostKey", problem: { property: "connection.hostKey" } });
        expect(error?.message).toContain(correct.fingerprint);
        expect(error?.message).toContain(other.fingerprint);
    });

    test.each(["nonsense", "SHA256:short", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIA=="])(
        "%j is refused as malformed",
        async (hostKey) => {
            await expect(hostKeyCheck(login({ hostKey }))).rejects.toMatchObject({
                code: "settings",
                problem: { property: "connection.hostKey" },
            });
        },
    );
});
