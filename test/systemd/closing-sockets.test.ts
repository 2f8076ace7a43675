import { whyClosing } from "../../provider/systemd/closing-sockets";

const socket = (text: string) => `[Unit]\nDescription=x\n[Socket]\n${text}\n[Install]\nWantedBy=sockets.target\n`;

test("a socket stays open unless its own section changes", () => {
    const before = socket("# the port\nListenStream=80\nBacklog=100");
    expect(whyClosing(before, before.replace("Description=x", "Description=y"))).toBeUndefined();
    expect(whyClosing(before, before.replace("# the port\n", ""))).toBeUndefined();
    expect(whyClosing(before, socket("ListenStream=80\nBacklog=200"))).toBe("its [Socket] section changes");
    expect(whyClosing(before, socket("ListenStream=80\nListenStream=81\nBacklog=100"))).toBe(
        "what it listens on changes: ListenStream=80 => ListenStream=80, ListenStream=81",
    );
});
