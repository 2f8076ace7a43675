/** Passes on at most one text in each `periodMs`, the latest one; repeated texts are dropped. */
export class Throttle {
    private last: string | undefined;
    private waiting: string | undefined;
    private timer: NodeJS.Timeout | undefined;

    constructor(
        private readonly pass: (text: string) => void,
        private readonly periodMs: number,
    ) {}

    send(text: string): void {
        if (this.timer !== undefined) {
            this.waiting = text;
            return;
        }
        if (text === this.last) return;
        this.last = text;
        this.pass(text);
        this.timer = setTimeout(() => this.next(), this.periodMs);
        this.timer.unref();
    }

    /** Passes on the latest text, and no other text after it. */
    stop(): void {
        clearTimeout(this.timer);
        if (this.waiting !== undefined && this.waiting !== this.last) this.pass(this.waiting);
        this.waiting = undefined;
    }

    private next(): void {
        this.timer = undefined;
        const { waiting } = this;
        this.waiting = undefined;
        if (waiting !== undefined) this.send(waiting);
    }
}
