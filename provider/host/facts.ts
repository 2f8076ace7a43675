import { type Problem, UserError } from "../errors";
import type { Reported } from "./report";

/** The facts about a host that every operation reads first. */
export interface HostFacts {
    /** machine-id(5): distinguishes machines that had the same address. */
    machineId: string;
    hostName: string;
    systemdVersion: number;
    portablectl: boolean;
    /** Whether flock(1) is installed, which operations need. */
    flock: boolean;
    /** LoadState of systemd-portabled.service: loaded, not-found, masked. */
    portabled: string;
    /** ID and ID_LIKE of os-release(5). */
    os: string[];
    /** Output of `uname -m`: x86_64, aarch64. Only read before an upload; otherwise empty. */
    machine: string;
}

export function hostFacts(reported: Reported): HostFacts {
    return {
        machineId: reported.one("machine-id") ?? "",
        hostName: reported.one("host-name") ?? "",
        systemdVersion: Number(reported.one("systemd") ?? 0),
        portablectl: reported.has("portablectl"),
        flock: reported.has("flock"),
        portabled: reported.one("portabled") ?? "",
        os: (reported.one("os") ?? "").split(" ").filter((id) => id !== ""),
        machine: reported.one("machine") ?? "",
    };
}

/** systemd 248 added `portablectl reattach`, without which updates would interrupt the service. */
const OLDEST_SYSTEMD = 248;

/** Lists what is missing on the host to run portable services, and how to install it. */
export function missingForPortable(facts: HostFacts): Omit<Problem, "host">[] {
    const missing: Omit<Problem, "host">[] = [];
    if (facts.systemdVersion < OLDEST_SYSTEMD)
        missing.push({
            what: `systemd is too old for portable services that can be updated in place: it has ${facts.systemdVersion || "no systemd"}, ${OLDEST_SYSTEMD} or later is needed`,
            todo: "Upgrade the host's system",
        });
    if (!facts.portablectl || facts.portabled === "not-found")
        missing.push({
            what: "portable services aren't installed: there is no portablectl",
            todo: installHint(facts.os),
        });
    if (!facts.flock)
        missing.push({
            what: "the host has no program flock, which keeps two operations from changing it at once",
            todo: "Install it there: the package is util-linux",
        });
    if (facts.portabled === "masked")
        missing.push({
            what: "systemd-portabled.service is masked",
            todo: "Run `systemctl unmask systemd-portabled.service` there",
        });
    return missing;
}

export function requirePortable(facts: HostFacts, host: string): void {
    const [missing] = missingForPortable(facts);
    if (missing !== undefined) throw new UserError({ ...missing, host });
}

function installHint(os: string[]): string {
    if (os.some((id) => ["debian", "ubuntu"].includes(id))) return "Run `apt install systemd-container` there";
    if (os.some((id) => ["fedora", "rhel", "centos"].includes(id))) return "Run `dnf install systemd-container` there";
    if (os.some((id) => ["suse", "opensuse"].includes(id))) return "Run `zypper install systemd-portable` there";
    if (os.includes("arch")) return "Run `pacman -S systemd` there: the package has portablectl";
    return "Install the package that has portablectl: systemd-container on Debian, Ubuntu, Fedora and RHEL, systemd-portable on openSUSE, systemd itself elsewhere";
}

/** Architectures of programs that a machine can run, by its `uname -m`, as images name them; the machine's own first. */
const RUNS: [machine: RegExp, architectures: string[]][] = [
    [/^x86_64$/, ["x86-64", "x86"]],
    [/^i[3-6]86$/, ["x86"]],
    [/^(aarch64|armv8l)$/, ["arm64", "arm"]],
    [/^arm/, ["arm"]],
    [/^ppc64/, ["ppc64"]],
    [/^mips/, ["mips"]],
    [/^(s390x|riscv64|loongarch64|sparc64)$/, []],
];

/** Why the host can't run an image for the architecture; undefined if it can, or if one of the two is unknown. */
export function otherArchitecture({ machine }: HostFacts, architecture: string | undefined): string | undefined {
    const machines = RUNS.find(([pattern]) => pattern.test(machine));
    if (architecture === undefined || machines === undefined) return undefined;
    const runs = machines[1].length === 0 ? [machine] : machines[1];
    return runs.includes(architecture)
        ? undefined
        : `the image's programs are for ${architecture}, and the host is for ${runs[0]}`;
}
