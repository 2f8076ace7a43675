/**
 * State of a host at one moment: maps a name (`file /etc/hosts`, `mount /tmp`, `unit ssh.service`) to its mode, owner, size
 * and digest, to the target of a link, or to a unit's state.
 */
export type Snapshot = ReadonlyMap<string, string>;

/** Parses the output of snapshot.py, a JSON pair a line. Pairs with the same name (a mount over a mount) become one entry. */
export function parseSnapshot(lines: string): Snapshot {
    const snapshot = new Map<string, string>();
    for (const line of lines.split("\n")) {
        if (line === "") continue;
        const [what, state] = JSON.parse(line) as [string, string];
        const before = snapshot.get(what);
        snapshot.set(what, before === undefined ? state : `${before}; ${state}`);
    }
    return snapshot;
}

/** A line for each difference, sorted by name: `+ added: ...`, `- removed: ...`, `~ changed: ... => ...`. */
export function diffSnapshots(before: Snapshot, after: Snapshot): string[] {
    const names = [...new Set([...before.keys(), ...after.keys()])].sort();
    return names.flatMap((name) => {
        const [old, now] = [before.get(name), after.get(name)];
        if (old === now) return [];
        if (old === undefined) return [`+ ${name}: ${now}`];
        if (now === undefined) return [`- ${name}: ${old}`];
        return [`~ ${name}: ${old} => ${now}`];
    });
}
