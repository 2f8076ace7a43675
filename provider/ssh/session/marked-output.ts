/** The output of one program, between its begin marker and its end marker. */
export class MarkedOutput {
    hasBegun = false;
    text = "";
    /** Exit status; undefined before the end marker. */
    code: number | undefined;
    /** Output before the begin marker. */
    private noise = "";
    private line = "";

    constructor(
        private readonly begin: string,
        private readonly done: string,
        private readonly onLine: (line: string) => void = () => {},
    ) {}

    add(text: string): void {
        if (this.hasBegun) {
            this.take(text);
            return;
        }
        this.noise += text;
        const index = this.noise.indexOf(this.begin);
        if (index < 0) return;
        this.hasBegun = true;
        this.take(this.noise.slice(index + this.begin.length));
    }

    /** Passes on the rest if the output ended without the end marker. */
    finish(): void {
        this.text += this.line;
        if (this.line !== "") this.onLine(this.line);
        this.line = "";
    }

    private take(text: string): void {
        const lines = (this.line + text).split("\n");
        this.line = lines.pop() ?? "";
        for (const line of lines) {
            if (this.code !== undefined) return;
            const index = line.lastIndexOf(this.done);
            if (index >= 0) {
                this.line = line.slice(0, index);
                this.finish();
                this.code = Number(line.slice(index + this.done.length));
                return;
            }
            this.text += `${line}\n`;
            this.onLine(line);
        }
    }
}
