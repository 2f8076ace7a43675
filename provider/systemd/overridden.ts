import { parseUnit, splitWords } from "./unit-file";

/*
 * Settings of a drop-in that one which systemd reads after it sets anew (systemd.unit(5): drop-ins are read in the order of
 * their names, wherever they are).
 */

/** A setting that has no effect, as the file at `path` sets it, too. */
export interface Overridden {
    /** `Nice=`, or of an environment variable `Environment=NAME`. */
    setting: string;
    path: string;
}

/**
 * Settings whose values are added to those before them, until an empty value (systemd.unit(5), systemd.exec(5),
 * systemd.resource-control(5) and the pages of each kind of unit). Of all others the last value counts.
 */
const ADDING = new RegExp(
    `^(${[
        // systemd.unit(5)
        "After|Before|Requires|Requisite|Wants|BindsTo|PartOf|Upholds|Conflicts|OnFailure|OnSuccess|JoinsNamespaceOf",
        "Propagates\\w+|\\w+PropagatedFrom|RequiresMountsFor|WantsMountsFor|Documentation|Condition\\w+|Assert\\w+",
        // systemd.service(5), systemd.socket(5), systemd.timer(5), systemd.path(5)
        "Exec[A-Z]\\w+|Restart\\w+ExitStatus|SuccessExitStatus|Sockets|OpenFile|Listen[A-Z]\\w+|Symlinks",
        "OnActiveSec|OnBootSec|OnStartupSec|OnUnitActiveSec|OnUnitInactiveSec|OnCalendar",
        "PathExists|PathExistsGlob|PathChanged|PathModified|DirectoryNotEmpty",
        // systemd.exec(5)
        "EnvironmentFile|PassEnvironment|UnsetEnvironment|LoadCredential\\w*|ImportCredential|SetCredential\\w*",
        "ReadWrite\\w+|ReadOnly\\w+|Inaccessible\\w+|TemporaryFileSystem|Bind\\w*Paths|MountImages|Extension\\w+",
        "SupplementaryGroups|\\w+Capabilities|CapabilityBoundingSet|SystemCall\\w+|Restrict(Address\\w+|Namespaces|File\\w+)",
        "SecureBits|CPUAffinity|NUMAMask|(Runtime|State|Cache|Logs|Configuration)Directory|LogExtraFields",
        "LogFilterPatterns|StandardInput(Text|Data)|RootImageOptions",
        // systemd.resource-control(5)
        "Device\\w+|IPAddress\\w+|IP\\w+FilterPath|BPFProgram|SocketBind\\w+|RestrictNetworkInterfaces|NFTSet|Delegate",
        "IO(Device|Read|Write)\\w+|BlockIO\\w+|DisableControllers|(Startup)?Allowed(CPUs|MemoryNodes)",
    ].join("|")})$`,
);

/** The settings of the drop-in that have no effect, because a file that is read after it sets or resets them. */
export function overriddenSettings(text: string, later: readonly { path: string; text: string }[]): Overridden[] {
    const own = partsOf(text);
    const found = new Map<string, Overridden>();
    for (const { path, text: laterText } of later) {
        const behind = partsOf(laterText);
        for (const { setting, key, value, isAdded } of own) {
            if (value === "") continue;
            const same = behind.filter((part) => part.key === key);
            const last = same.filter((part) => part.setting === setting).at(-1);
            const isReset = same.some((part) => part.value === "");
            const isGone = isReset && !same.some((part) => part.value === value);
            const isReplaced = !isAdded && last !== undefined && last.value !== value;
            if (isGone || isReplaced) found.set(`${key} ${setting}`, { setting, path });
        }
    }
    return [...found.values()];
}

/** An assignment, or one variable of Environment=. */
interface Part {
    setting: string;
    /** The name with its section, for example `Service/Nice`. */
    key: string;
    /** Empty for an assignment that resets the setting. */
    value: string;
    /** Whether it is added to the values before it. */
    isAdded: boolean;
}

function partsOf(text: string): Part[] {
    return parseUnit(text).assignments.flatMap(({ section, key: name, value }) => {
        // What `systemctl enable` reads, and what systemd leaves to others.
        if (section === "Install" || section.startsWith("X-") || name.startsWith("X-")) return [];
        const key = `${section}/${name}`;
        if (name !== "Environment" || value === "")
            return [{ setting: `${name}=`, key, value, isAdded: ADDING.test(name) }];
        return (splitWords(value) ?? []).map((variable) => ({
            setting: `Environment=${variable.split("=")[0]}`,
            key,
            value: variable,
            isAdded: false,
        }));
    });
}
