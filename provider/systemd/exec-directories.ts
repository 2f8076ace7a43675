/** Directories that systemd makes for a service, by setting: where they are on the host (systemd.exec(5), table 2). */
export const DIRECTORY_BASES: Readonly<Record<string, string>> = {
    StateDirectory: "/var/lib",
    CacheDirectory: "/var/cache",
    LogsDirectory: "/var/log",
    ConfigurationDirectory: "/etc",
    RuntimeDirectory: "/run",
};

/** The specifiers that stand for these places in a system service (systemd.unit(5), "SPECIFIERS"). */
export const BASE_SPECIFIERS: Readonly<Record<string, string>> = {
    "%S": "/var/lib",
    "%C": "/var/cache",
    "%L": "/var/log",
    "%E": "/etc",
    "%t": "/run",
};

/** File systems that each service with a root of its own gets from systemd (MountAPIVFS=): none of them is the image's. */
export const API_DIRECTORIES = ["/dev", "/proc", "/sys", "/run"];

/** Directories of the host that each portable service sees in place of its image's: PrivateTmp= adds the last two. */
export const REPLACED_DIRECTORIES = [...API_DIRECTORIES, "/tmp", "/var/tmp"];
