import type { TestHost } from "../hosts";
import { type Deployment, fileAsset, type Json } from "../lifecycle/deployment";
import { atRest, connectionTo, type HelloProgram, image, inlineName, onHost } from "../lifecycle/hello";
import type { Provider } from "../lifecycle/provider";

export type Version = "one" | "two";
export const other = (version: Version): Version => (version === "one" ? "two" : "one");

/** Everything that shows which version a host has: files, links, states, and the programs of running processes. */
const LOOK = `
places="etc/systemd/system etc/systemd/system.attached run/systemd/system.attached etc/portables run/portables etc/hello var/lib/pulumi-portable var/lib/portables"
cd /
find $places -printf '%y %m %u:%g %p %l\\n' 2>/dev/null | grep -v '^d .* etc/systemd/system ' | sort
find $places -type f ! -path '*/pulumi-portable/*' -exec sha256sum {} + 2>/dev/null | sort -k 2
for record in var/lib/pulumi-portable/files/*; do sort "$record" | sed 's|^|in var/lib/pulumi-portable/files: |'; done
grep -h '^serving' var/lib/pulumi-portable/services/hello
for unit in hello.service hello.socket hello-tick.timer hello-tick.service hello-tock.timer hello-tock.service; do
    systemctl show -p Id,LoadState,ActiveState,SubState,UnitFileState,RootImage,Environment,DropInPaths,NeedDaemonReload $unit
done
echo "runs $(cat /proc/$(systemctl show -p MainPID --value hello.service)/root/usr/share/mark)"
systemctl list-units --plain --no-legend 'pulumi-portable*'
systemctl list-units --failed --plain --no-legend 'hello*'
`;

/**
 * A service in two versions that differ in all that a switch touches: image, units (each has one that the other lacks),
 * drop-ins, host files (one changes, one comes, one goes) and enablement.
 */
export class TwoVersions {
    service: Deployment;
    private readonly images = {} as Record<Version, string>;
    private readonly stateOf = {} as Record<Version, string>;

    private constructor(
        readonly program: HelloProgram,
        readonly host: TestHost,
        readonly connection: Json,
        provider: Provider,
    ) {
        this.service = provider.resource("AttachedService", "hello");
    }

    /** Deploys both and notes the state of each; version one is running at the end. */
    static async deploy(
        program: HelloProgram,
        provider: Provider,
        host: TestHost,
        user: "root" | "deploy" = "root",
    ): Promise<TwoVersions> {
        for (const name of ["tick", "tock"]) {
            program.write(`units/hello-${name}.timer`, "[Timer]\nOnActiveSec=1d\n[Install]\nWantedBy=timers.target\n");
            program.write(`units/hello-${name}.service`, "[Service]\nType=oneshot\nExecStart=@helloExe@ --reload\n");
        }
        const made = new TwoVersions(program, host, { ...connectionTo(host), user }, provider);
        const pointer = provider.resource("PortableImage", "hello");
        for (const version of ["one", "two"] as const) {
            await pointer.up(made.imageOf(version));
            made.images[version] = pointer.outputs.path as string;
        }
        for (const version of ["two", "one"] as const) {
            await made.update(version);
            made.stateOf[version] = await made.inspect();
        }
        return made;
    }

    inputs(version: Version): Json {
        const isOne = version === "one";
        return {
            image: this.images[version],
            dropIns: [
                inlineName(version),
                { unit: "hello.service", name: `60-${version}.conf`, sections: { Service: { Nice: isOne ? 1 : 2 } } },
            ],
            files: {
                "/etc/hello/key": { content: version, mode: isOne ? "0640" : "0600", owner: isOne ? "deploy" : "root" },
                [`/etc/hello/${version}/only`]: { content: version },
            },
            units: { "hello.service": { enable: isOne } },
            connection: this.connection,
        };
    }

    /** `pulumi up` of the service, with the version, and what the host does when that has its answer. */
    async update(version: Version): Promise<void> {
        await this.service.up(this.inputs(version));
        await atRest(this.host, "");
    }

    /** The same with a health check that nothing can pass: it goes back. */
    async updateInVain(version: Version): Promise<void> {
        const health = { http: { port: 8080, body: "nothing says this" }, timeoutSeconds: 1 };
        await this.service.up({ ...this.inputs(version), health });
    }

    /** After the one before was killed: the state stays. */
    takenOverBy(provider: Provider): void {
        this.service = provider.takeOver(this.service);
    }

    /**
     * Which version the host has, whole, to the last file; or how it differs from the nearer one. Our own records count
     * too, unless the next update is still to clean them up.
     */
    async found({ withRecords = true } = {}): Promise<Version | string> {
        const lines = (text: string) =>
            new Set(
                text
                    .split("\n")
                    .filter(
                        (line) => withRecords || !/ (var\/lib|etc\/systemd\/system\/?.*)\/pulumi-portable/.test(line),
                    ),
            );
        const found = lines(await this.inspect());
        const differences = (["one", "two"] as const).map((version) => {
            const wanted = lines(this.stateOf[version]);
            return [
                ...[...wanted].filter((line) => !found.has(line)).map((line) => `- ${line}`),
                ...[...found].filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
            ];
        });
        const [one, two] = differences as [string[], string[]];
        if (one.length === 0) return "one";
        if (two.length === 0) return "two";
        return one.length < two.length ? `not version one: ${one.join("\n")}` : `not version two: ${two.join("\n")}`;
    }

    /** Which version the state says serves. */
    get stated(): Version | undefined {
        const { serving } = this.service.outputs;
        return serving === this.images.one ? "one" : serving === this.images.two ? "two" : undefined;
    }

    /** What a client of the service gets. */
    async page(): Promise<string> {
        return this.host.http(8080, "/").then(
            ({ body }) => body.trim(),
            (error: Error) => error.message,
        );
    }

    /** Waits until no operation of ours runs on the host any more. */
    async settled(): Promise<void> {
        // When the program has left the lock the watch takes it: so nobody must have had it for a while.
        await onHost(
            this.host,
            "calm=0; while [ $calm -lt 3 ]; do sleep 0.1; if flock -n /var/lib/private true; then calm=$((calm + 1)); else calm=0; fi; done",
        );
    }

    private inspect(): Promise<string> {
        return onHost(this.host, LOOK);
    }

    private imageOf(version: Version): Json {
        const made = image(this.connection, { version, mark: version });
        const own = version === "one" ? "tick" : "tock";
        const { files } = made.source as { files: { units: string[]; tree: Json } };
        files.units.push(`units/hello-${own}.timer`, `units/hello-${own}.service`);
        files.tree["/usr/bin/hello"] = { asset: fileAsset("bin/hello"), mode: "0755" };
        return { ...made, connection: this.connection };
    }
}
