// The shop under test, by its API: what a test needs to be there before somebody looks at it.
import { readFileSync } from "node:fs";

/** What must stay text wherever it is shown. */
export const hostile = `<img src=x onerror="document.title='caught'"><script>document.title='caught'</script>‮"'&`;

export class Shop {
    /** @param url where it answers, without a last slash @param folder its VAR */
    constructor(url, folder) {
        this.url = url;
        this.password = readFileSync(`${folder}/admin-password`, "utf8").trim();
    }

    async start() {
        const { token } = await this.ask("POST", "/api/auth/login", {
            username: "admin",
            password: this.password,
            token: true,
        });
        this.token = token;
        return this;
    }

    async ask(method, path, body, type = "application/json") {
        const answer = await fetch(this.url + path, {
            method,
            headers: {
                ...(this.token && { Authorization: `Bearer ${this.token}` }),
                ...(body !== undefined && { "Content-Type": type }),
            },
            body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
        });
        const text = await answer.text();
        if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
        return text === "" ? null : JSON.parse(text);
    }

    product(fields) {
        return this.ask("POST", "/api/products", {
            name: "Tea",
            stock: 10,
            minStock: 0,
            price: 2.5,
            ...fields,
        });
    }

    order(fields) {
        return this.ask("POST", "/api/orders", { customerName: "Ada", ...fields });
    }

    /** Ends what a browser is logged in by. */
    async endSessions() {
        for (const { id, current } of await this.ask("GET", "/api/auth/sessions")) {
            if (!current) await this.ask("DELETE", `/api/auth/sessions/${id}`);
        }
    }
}
