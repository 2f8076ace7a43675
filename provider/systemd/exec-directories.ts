/** Parents of the directories that systemd makes for a service, by setting (systemd.exec(5), table 2). */
export const DIRECTORY_BASES: Readonly<Record<string, string>> = {
    StateDirectory: "/var/lib",
    CacheDirectory: "/var/cache",
    LogsDirectory: "/var/log",
    ConfigurationDirectory: "/etc",
    RuntimeDirectory: "/run",
};

/** The specifiers for these directories in a system service (systemd.unit(5), "SPECIFIERS"). */
export const BASE_SPECIFIERS: Readonly<Record<string, string>> = {
    "%S": "/var/lib",
    "%C": "/var/cache",
    "%L": "/var/log",
    "%E": "/etc",
    "%t": "/run",
};

/** File systems that systemd mounts in each service with a root image (MountAPIVFS=) over the image's directories. */
export const API_DIRECTORIES = ["/dev", "/proc", "/sys", "/run"];

/** Directories of the image that each portable service can't see. The last two are hidden by PrivateTmp=. */
export const REPLACED_DIRECTORIES = [...API_DIRECTORIES, "/tmp", "/var/tmp"];
