/** Name of a program's package by package manager. */
export type Packages = Partial<Record<"apt" | "dnf" | "zypper" | "pacman" | "brew", string>>;

const MANAGERS: [ids: string[], manager: keyof Packages, command: string][] = [
    [["debian", "ubuntu"], "apt", "apt install"],
    [["fedora", "rhel", "centos"], "dnf", "dnf install"],
    [["suse", "opensuse"], "zypper", "zypper install"],
    [["arch"], "pacman", "pacman -S"],
    [["darwin"], "brew", "brew install"],
];

/**
 * The command that installs the packages on a system.
 *
 * @param os ID and ID_LIKE of os-release(5), or `darwin`
 */
export function installCommand(packages: Packages, os: readonly string[]): string {
    for (const [ids, manager, command] of MANAGERS) {
        const names = packages[manager];
        if (names !== undefined && ids.some((id) => os.includes(id))) return `${command} ${names}`;
    }
    return `Install ${[...new Set(Object.values(packages))].join(" or ")}`;
}
