import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A line to a host that isn't in the same room. */
export interface Line {
    /** Milliseconds of the way there and back. */
    roundTripMs: number;
    /** Million bits a second, in each direction. */
    megabits: number;
}

/** What may be on its way in one direction, besides what the line itself holds: about a socket's buffer. */
const BUFFER_BYTES = 128 * 1024;

/**
 * A port of this machine that leads to a port of the host, as far away as the line says. Kernels without netem can't
 * delay packets, so this forwards bytes after a delay. It answers a new connection at once: a real one takes a round
 * trip more.
 */
export async function openLine(host: string, port: number, line: Line): Promise<{ port: number; close(): void }> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (near) => {
        const far = connect({ host, port, noDelay: true });
        for (const socket of [near, far]) {
            sockets.add(socket);
            socket.once("close", () => sockets.delete(socket));
        }
        passOn(near, far, line);
        passOn(far, near, line);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return {
        port: (server.address() as AddressInfo).port,
        close: () => {
            server.close();
            for (const socket of sockets) socket.destroy();
        },
    };
}

function passOn(from: Socket, to: Socket, { roundTripMs, megabits }: Line): void {
    const bytesPerMs = (megabits * 1000) / 8;
    const most = BUFFER_BYTES + (bytesPerMs * roundTripMs) / 2;
    let onItsWay = 0;
    /** When the last byte will have left. */
    let sent = 0;
    /** In order, with the time of arrival. */
    const waiting: { due: number; arrive: () => void }[] = [];
    const next = () => {
        const [first] = waiting;
        if (first !== undefined) setTimeout(arrivals, Math.max(0, first.due - performance.now()));
    };
    const arrivals = () => {
        while (waiting[0] !== undefined && waiting[0].due <= performance.now()) waiting.shift()?.arrive();
        next();
    };
    const later = (bytes: number, arrive: () => void) => {
        sent = Math.max(performance.now(), sent) + bytes / bytesPerMs;
        waiting.push({ due: sent + roundTripMs / 2, arrive });
        if (waiting.length === 1) next();
    };
    from.on("data", (bytes: Buffer) => {
        onItsWay += bytes.length;
        if (onItsWay > most) from.pause();
        later(bytes.length, () => {
            onItsWay -= bytes.length;
            if (onItsWay <= most) from.resume();
            if (!to.destroyed) to.write(bytes);
        });
    });
    from.on("end", () => later(0, () => to.end()));
    from.on("error", () => to.destroy());
}
