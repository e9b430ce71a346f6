// The dashboard in Chromium, against a running shop of its own: started by tests/suites.py.
//   node tests/browser/run.mjs URL VAR [--all]
// The last line is `N passed, N failed`. With SCREENSHOTS=folder, pictures of every view go there.
import { chromium } from "playwright-core";
import * as admin from "./admin.mjs";
import * as docs from "./docs.mjs";
import * as looks from "./looks.mjs";
import * as orders from "./orders.mjs";
import * as overview from "./overview.mjs";
import * as products from "./products.mjs";
import { Shop } from "./shop.mjs";
import * as sessions from "./sessions.mjs";
import { Visitor } from "./visitor.mjs";
import * as workflows from "./workflows.mjs";

const [url, folder, ...options] = process.argv.slice(2);
const everything = options.includes("--all");
const shop = await new Shop(url, folder).start();
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
let passed = 0;
let failed = 0;

async function run(name, test) {
    const began = Date.now();
    const visitors = [];
    const arrive = async (more) => {
        const visitor = await Visitor.arrive(browser, shop, more);
        visitors.push(visitor);
        return visitor;
    };
    try {
        await test({ shop, browser, arrive });
        for (const visitor of visitors.splice(0)) await visitor.leave();
        passed += 1;
        console.log(`${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
        failed += 1;
        console.log(`failed: ${name}\n${error.stack}`);
        for (const { complaints } of visitors)
            for (const text of complaints) console.log(`  console: ${text}`);
        for (const { context } of visitors) await context.close();
    }
}

for (const { slow = {}, ...tests } of [overview, orders, admin, products, workflows, sessions, docs, looks]) {
    for (const [name, test] of Object.entries({ ...tests, ...(everything ? slow : {}) }))
        await run(name, test);
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
