// Somebody with a browser of their own. What the browser complains of while they look around fails the
// test: errors in the console, and whatever the policy of the pages refuses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export class Visitor {
    static async arrive(browser, shop, options = {}) {
        const visitor = new Visitor();
        visitor.shop = shop;
        visitor.context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
        visitor.page = await visitor.context.newPage();
        visitor.page.setDefaultTimeout(15_000);
        visitor.complaints = [];
        /** Complaints like this one are what the test is about. */
        visitor.expected = null;
        visitor.page.on("console", (message) => {
            if (["error", "warning"].includes(message.type())) visitor.complaints.push(message.text());
        });
        visitor.page.on("pageerror", (error) => visitor.complaints.push(error.message));
        visitor.underWay = new Set();
        visitor.page.on("request", (request) => visitor.underWay.add(request));
        for (const end of ["requestfinished", "requestfailed"]) {
            visitor.page.on(end, (request) => visitor.underWay.delete(request));
        }
        return visitor;
    }

    /** Goes to a view by its address. */
    async open(view) {
        await this.page.goto(`${this.shop.url}/#${view}`);
    }

    /** Is logged in from the first page on. */
    async logIn(username = "admin", password = this.shop.password) {
        const answer = await this.context.request.post(`${this.shop.url}/api/auth/login`, {
            data: { username, password },
        });
        assert.equal(answer.status(), 200);
        await this.context.addInitScript(() => localStorage.setItem("smartflow-logged-in", "yes"));
    }

    /** Logs in as people do. */
    async logInByForm(username = "admin", password = this.shop.password) {
        await this.page.getByLabel("User name").fill(username);
        await this.page.getByLabel("Password").fill(password);
        await this.page.getByRole("button", { name: "Log in" }).click();
        await this.see("Overview");
    }

    button(name) {
        return this.page.getByRole("button", { name, exact: true });
    }

    field(name) {
        return this.page.getByLabel(name, { exact: true });
    }

    /** Waits for a view's heading. */
    async see(heading) {
        await this.page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    }

    /** Waits for words anywhere. */
    async read(text) {
        await this.page.getByText(text).first().waitFor();
    }

    /** Lets the requests of this kind to an address wait. @returns what lets them go on */
    async hold(address, method) {
        let go;
        const held = new Promise((resolve) => {
            go = resolve;
        });
        await this.page.route(address, async (route) => {
            if (route.request().method() === method) await held;
            await route.continue();
        });
        return go;
    }

    /** Waits until nothing is on its way any more. */
    async settle() {
        for (let quiet = 0; quiet < 4; quiet = this.underWay.size === 0 ? quiet + 1 : 0) {
            await this.page.waitForTimeout(40);
        }
        await this.page.getByText("Loading…").first().waitFor({ state: "detached" });
    }

    /** What is hard to use on this page, by axe-core's rules, all of them or those named. */
    async violations(rules) {
        if (!(await this.page.evaluate(() => "axe" in window))) await this.page.evaluate(axe);
        const options = { resultTypes: ["violations"], ...(rules !== undefined && { runOnly: rules }) };
        const { violations } = await this.page.evaluate((given) => axe.run(document, given), options);
        return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
    }

    async leave() {
        await this.context.close();
        assert.deepEqual(
            this.complaints.filter((text) => !this.expected?.test(text)),
            [],
        );
    }
}

/** A visitor's methods without the visitor. */
export function bound(visitor) {
    return new Proxy(visitor, {
        get: (target, name) =>
            typeof target[name] === "function" ? target[name].bind(target) : target[name],
    });
}
