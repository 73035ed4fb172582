// A check as a list of steps, each with its result in words; and fetching from this very hub.

import { Failure, Unable, Unfinished } from "./proof.js";

export const number = (value) => new Intl.NumberFormat("nl-NL").format(value);

const WORDS = { current: "bezig", done: "klopt", failed: "klopt niet", waiting: "niet gecontroleerd" };

function make(tag, text, name = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (name) made.className = name;
  return made;
}

export class Steps {
  constructor(panel) {
    this.list = panel.querySelector(".hub-steps");
    this.result = panel.querySelector(".hub-proof__result");
    this.list.replaceChildren();
    this.result.replaceChildren();
    this.unable = false;
  }

  /** Runs one step; `work` gives the sentence to show. What fails stops the check, what this browser cannot do is passed over. */
  async run(title, work) {
    const item = document.createElement("li");
    const state = make("span", "", "hub-steps__state");
    item.append(make("span", title), " ", state);
    this.list.append(item);
    const show = (kind, sentence) => {
      item.className = `hub-steps__item hub-steps__item--${kind}`;
      state.textContent = sentence ? `${WORDS[kind]}: ${sentence}` : WORDS[kind];
    };
    show("current", "");
    try {
      show("done", await work());
    } catch (error) {
      if (error instanceof Unable) {
        this.unable = true;
        show("waiting", error.message);
        return;
      }
      if (error instanceof Unfinished) {
        show("waiting", error.message);
        throw error;
      }
      const sentence = error instanceof Failure ? error.message : "Er ging iets mis in deze browser. Laad de pagina opnieuw.";
      show("failed", sentence);
      throw new Failure(`${title}: ${sentence}`);
    }
  }

  say(tone, title, text) {
    const words = { ok: "Gelukt", error: "Fout", warning: "Waarschuwing" };
    const box = make("div", "", `hub-alert hub-alert--${tone}`);
    const body = make("div", "", "hub-alert__body");
    const head = make("p", "", "hub-alert__title");
    head.append(make("span", `${words[tone]}: `, "hub-hidden"), title);
    body.append(head, make("p", text));
    box.append(body);
    this.result.replaceChildren(box);
  }
}

/** Lets the button of `panel` start `check`, one at a time, and says how it ended. */
export function ready(panel, check, whenWrong) {
  const button = panel.querySelector("button");
  panel.querySelector(".hub-proof__without").remove();
  for (const hidden of panel.querySelectorAll("button[hidden], .hub-proof__form[hidden]")) hidden.hidden = false;
  button.addEventListener("click", async () => {
    if (button.getAttribute("aria-disabled") === "true") return;
    button.setAttribute("aria-disabled", "true");
    const steps = new Steps(panel);
    try {
      const [title, text] = await check(steps);
      if (steps.unable) {
        steps.say("warning", "Niet alles is gecontroleerd", "Wat is nagerekend, klopt. Eén of meer stappen kan deze browser niet.");
      } else {
        steps.say("ok", title, text);
      }
    } catch (error) {
      if (error instanceof Unfinished) {
        steps.say("warning", "De controle is niet afgemaakt", error.message);
        return;
      }
      steps.say("error", whenWrong, `${error.message} Verander niets, bewaar dit scherm en meld het de privacy officer en de beheerder.`);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}

export async function read(address) {
  let answer;
  try {
    answer = await fetch(address, { redirect: "manual", cache: "no-store", credentials: "same-origin" });
  } catch {
    throw new Unfinished("De hub antwoordt niet. Probeer het opnieuw.");
  }
  if (answer.type === "opaqueredirect") throw new Unfinished("U bent uitgelogd. Log opnieuw in en herhaal de controle.");
  if (answer.status >= 500) throw new Unfinished("De hub kan dit nu even niet. Wacht een minuut en herhaal de controle.");
  if (!answer.ok) throw new Failure(`De hub geeft dit niet (antwoord ${answer.status}).`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** UTF-8 as it stands: a byte-order mark is kept and shows as a difference. */
export function text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Failure("Wat de hub geeft, is geen geldige tekst.");
  }
}
