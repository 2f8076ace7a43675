import { readDropIn, removeDropIn, writeDropIn } from "../../provider/host/drop-in";
import type { HostFile } from "../../provider/host/files";
import { commitImage, inspectImage, readImage, releaseImage } from "../../provider/host/image";
import { inspectWholeHost, program } from "../../provider/host/program";
import { Report } from "../../provider/host/report";
import { detachService } from "../../provider/host/service/detach";
import { inspectService } from "../../provider/host/service/inspect";
import type { SwitchPlan } from "../../provider/host/service/plan";
import { restOfSwitch } from "../../provider/host/service/rest";
import { type HostChecks, switchService } from "../../provider/host/service/switch";
import type { Shell } from "../../provider/host/shell";

const owner = { token: "0123456789abcdef", nonce: "fedcba98", urn: "urn:pulumi:demo::hello::portable:index:X::it's" };
const machineId = "9c54ce9c005d46468d10929448ebd504";
const images = "/var/lib/portables";

function hostFile(path: string, content: string, rest: Partial<HostFile> = {}): HostFile {
    return { path, content: Buffer.from(content), mode: "0644", owner: "root", group: "root", ...rest };
}

const override = hostFile("/etc/systemd/system/hello.service.d/override.conf", '[Service]\nEnvironment="NAME=Ada"\n');
const key = hostFile("/etc/hello/a key", "secret 'x' ".repeat(12), { mode: "0600", owner: "hello", group: "adm" });

const attachment = (version: string) => ({
    path: `${images}/hello_${version}-0123456789ab.raw`,
    profile: "default",
    extensions: [] as string[],
    isRuntime: false,
});

/** A plan for an update of hello.service and hello.socket, without further steps. */
const update: SwitchPlan = {
    image: attachment("2"),
    attachOptions: [],
    beforeSwitch: undefined,
    isKeptOnceMigrated: false,
    previous: attachment("1"),
    attach: true,
    files: [override, key],
    changed: [override],
    verify: [{ unit: "hello.service", name: "override.conf", content: override.content }],
    drop: [],
    leave: [],
    enable: [],
    unlink: [],
    unlinkAgain: [],
    enabledAlso: [],
    stop: [],
    restartSockets: [],
    start: [],
    restart: ["hello.service"],
    activated: [{ service: "hello.service", socket: "hello.socket" }],
    units: ["hello.service", "hello.socket"],
    started: ["hello.service", "hello.socket"],
    readBy: [],
    unitNamed: (name) => name,
    systemdVersion: 252,
    before: { enabled: ["hello.socket"], active: ["hello.service", "hello.socket"] },
    nothingToDo: false,
};

const checks: HostChecks = { stableSeconds: undefined, command: undefined, timeoutSeconds: 30 };

const plans: Record<string, [Partial<SwitchPlan>, Partial<HostChecks>?]> = {
    update: [{}],
    first: [
        {
            previous: undefined,
            activated: [],
            enable: ["hello.socket"],
            start: ["hello.socket"],
            attachOptions: ["--copy", "copy", "--force"],
            before: { enabled: [], active: [] },
        },
        { stableSeconds: 2.5 },
    ],
    configuration: [{ attach: false, image: attachment("1"), drop: ["/etc/hello/old"], changed: [override, key] }],
    "other-units": [
        {
            leave: ["hello-old.timer", "hello@.service"],
            stop: ["hello-b.service"],
            unlink: ["/etc/systemd/system/multi-user.target.wants/hello-b.service"],
            unlinkAgain: ["/etc/systemd/system/multi-user.target.wants/hello-e.service"],
            enabledAlso: ["other.service"],
            enable: ["hello-c\\x2dd.service"],
            units: ["hello.service", "hello.socket", "hello-b.service", "hello-c\\x2dd.service", "hello-t@.service"],
            restartSockets: ["hello.socket"],
            restart: ["hello.service", "hello-c\\x2dd.service"],
            activated: [],
        },
    ],
    migrated: [
        {
            beforeSwitch: { command: ["/usr/bin/hello", "--migrate", 'a "b" $c %d\n'], unit: "hello.service" },
            isKeptOnceMigrated: true,
        },
        { command: { command: ["/usr/bin/hello", "it's", "well"], inside: "hello.service" } },
    ],
    "migrated-back": [
        { beforeSwitch: { command: ["/usr/bin/hello"], unit: "hello.service" } },
        { command: { command: ["curl", "-f", "http://localhost/"] }, timeoutSeconds: 2.5 },
    ],
    extensions: [
        {
            image: { ...attachment("2"), extensions: [`${images}/a_1.raw`, "/srv/b.raw"], isRuntime: true },
            previous: { ...attachment("1"), extensions: ["/srv/c.raw"], isRuntime: true },
            attachOptions: ["--runtime"],
            enable: ["hello.socket"],
        },
    ],
    stopped: [{ restart: [], activated: [], started: [], stop: ["hello.service"], changed: [], verify: [] }],
};

const image = {
    path: `${images}/hello_2-0123456789ab.raw`,
    fileName: "hello_2-0123456789ab.raw",
    digest: "01".repeat(32),
    sizeBytes: 4096,
};
const before = `${images}/hello_1-0123456789ab.raw`;

const inspect = {
    name: "hello",
    image: undefined,
    extensions: [],
    token: owner.token,
    paths: [override.path, key.path],
    texts: [override.path],
    instances: [],
    declaredImage: undefined,
    budgetSeconds: 600,
};

/** Every program that runs on a host, some in several variants. */
const bodies: Record<string, (report: Report) => Shell> = {
    "get-host": () => inspectWholeHost,
    "image-inspect": () => inspectImage(image, before),
    "image-inspect-first": () => inspectImage(image, ""),
    "image-commit-upload": () => commitImage(image, { index: '{"chunks":[]}' }, owner, { retain: 2, adopted: "" }),
    "image-commit-delta": () =>
        commitImage(
            image,
            {
                from: {
                    image: before,
                    parts: [
                        { from: "old", offset: 0, length: 1024 },
                        { from: "new", offset: 0, length: 3072 },
                    ],
                },
                index: '{"chunks":["it\'s"]}',
            },
            owner,
            { retain: 3, adopted: before },
        ),
    "image-commit-present": () => commitImage(image, undefined, owner, { retain: 1, adopted: "/srv/other.raw" }),
    "image-read": () => readImage(image, owner),
    "image-release": () => releaseImage(owner, machineId, image.path),
    "service-inspect": () => inspectService({ ...inspect, image: image.path }),
    "service-inspect-extensions": () => inspectService({ ...inspect, image: image.path, extensions: ["/srv/b.raw"] }),
    "service-inspect-attached": () => inspectService({ ...inspect, budgetSeconds: undefined }),
    "service-detach": () => detachService("hello", owner, machineId, 600),
    "service-rest": () => restOfSwitch("hello", owner, { ...update, drop: ["/etc/x"] }, "id01", "the connection ended"),
    ...Object.fromEntries(
        Object.entries(plans).map(([name, [plan, otherChecks]]) => [
            `switch-${name}`,
            (report: Report) =>
                switchService(
                    report,
                    "hello",
                    owner,
                    { ...update, ...plan },
                    { ...checks, ...otherChecks },
                    name === "first" ? [override.path] : [],
                    600,
                    "id01",
                ),
        ]),
    ),
    "drop-in-write-reload": () =>
        writeDropIn(
            owner,
            { unit: "hello.service", name: "override.conf", dropIn: override, files: [key], onChange: "reload" },
            [],
            600,
        ),
    "drop-in-write-restart": () =>
        writeDropIn(
            owner,
            { unit: "hello@.service", name: "override.conf", dropIn: override, files: [], onChange: "restart" },
            [override.path],
            40,
        ),
    "drop-in-write-none": () =>
        writeDropIn(
            owner,
            { unit: "hello.socket", name: "override.conf", dropIn: override, files: [], onChange: "none" },
            [],
            600,
        ),
    "drop-in-read": () => readDropIn(owner, [override.path, key.path], [override.path]),
    "drop-in-remove": () =>
        removeDropIn(
            owner,
            { unit: "hello.service", onChange: "restart", path: override.path },
            [override.path, "/etc/x"],
            machineId,
        ),
};

/** The text of every program. Tests mock randomBytes, so that the nonces in it are the same. */
export function renderedPrograms(): [name: string, text: string][] {
    return Object.entries(bodies).map(([name, body]) => {
        const report = new Report();
        return [name, program(report, body(report)).text];
    });
}
