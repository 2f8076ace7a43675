import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { connectionOf } from "../../provider/doctor/host";
import { installCommand } from "../../provider/doctor/packages";
import { bootHost, diffSnapshots, type TestHost } from "../hosts";

const program = join(__dirname, "../../provider/pulumi-resource-portable");

/** Runs `pulumi-resource-portable doctor`. */
function doctor(host: TestHost | undefined, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(program, ["doctor", ...args], {
        encoding: "utf8",
        env: { ...process.env, ...(host && { PORTABLE_SSH_CONFIG: host.sshConfigPath }) },
    });
    return { status, report: stdout, stderr };
}
/** The part of the report about one host. */
const about = (host: TestHost, report: string) => report.split(`\n${host.name}\n`)[1] ?? "";

test("a destination is parsed as by ssh", () => {
    expect(connectionOf("web1")).toMatchObject({ host: "web1", user: undefined, port: undefined });
    expect(connectionOf("deploy@web1:2222")).toMatchObject({ host: "web1", user: "deploy", port: 2222 });
    expect(connectionOf("ssh://deploy@[2001:db8::1]:22")).toMatchObject({ host: "2001:db8::1", port: 22 });
    expect(connectionOf("2001:db8::1")).toMatchObject({ host: "2001:db8::1" });
    expect(() => connectionOf("a b@c@d")).toThrow('"a b@c@d" names no host');
});

test("the command that installs a package is the one of the system's package manager", () => {
    const packages = { apt: "squashfs-tools", brew: "squashfs" };
    expect(installCommand(packages, ["ubuntu", "debian"])).toBe("apt install squashfs-tools");
    expect(installCommand(packages, ["darwin"])).toBe("brew install squashfs");
    expect(installCommand(packages, ["alpine"])).toBe("Install squashfs-tools or squashfs");
});

test("an unknown option prints the usage", () => {
    expect(doctor(undefined, "--help")).toMatchObject({ status: 2, report: expect.stringContaining("Usage:") });
});

test("if mksquashfs is missing on the machine, the command that installs it is shown", () => {
    const { status, stdout } = spawnSync(
        process.execPath,
        [join(__dirname, "../../provider/dist/start.js"), "doctor"],
        {
            encoding: "utf8",
            env: { ...process.env, PATH: "/nowhere" },
        },
    );
    expect(stdout).toMatch(/ {2}missing {2}mksquashfs 4\.5 or later, which packs images\n +\S.*squashfs/);
    expect(status).toBe(1);
});

test("a host that is ready is reported as such, and isn't changed", async () => {
    const host = await bootHost();
    try {
        const before = await host.snapshot();
        const { report } = doctor(host, host.name);
        expect(about(host, report)).toContain("  ok       log in, as root\n  ok       systemd 252, debian\n");
        expect(about(host, report)).toContain("portablectl, with the profiles default, nonetwork, strict, trusted");
        expect(about(host, report)).not.toContain("missing ");
        expect(diffSnapshots(before, await host.snapshot())).toEqual([]);
        expect(about(host, doctor(host, `deploy@${host.name}`).report.replace("deploy@", ""))).toContain(
            "log in, and become root by sudo",
        );
    } finally {
        await host.down();
    }
}, 120_000);

test("a host without portablectl is reported with the package, an unreachable one with the reason", async () => {
    const host = await bootHost({ without: ["systemd-container"] });
    try {
        const { status, report } = doctor(host, host.name, "nowhere.invalid");
        expect(status).toBe(1);
        expect(report).toMatch(/ {2}missing .*there is no portablectl\n +.*apt install systemd-container/);
        expect(report).toMatch(
            /nowhere\.invalid\n {2}missing {2}the name "nowhere\.invalid" doesn't resolve to an address \(\w+\)\.\n +Check its spelling/,
        );
        expect(report).toContain("Nothing was changed.");
    } finally {
        await host.down();
    }
}, 120_000);
