// What the tests ask of every page, inside the page. Each gives what is wrong, as the markup of it; nothing where all is well.

(() => {
  const all = () => [...document.querySelectorAll("body *")];
  const markup = (elements) => elements.map((one) => one.outerHTML.slice(0, 120));
  const shows = (one) => one.getClientRects().length > 0;
  const seconds = (text) => Math.max(...text.split(",").map(parseFloat));

  window.look = {
    axe: async () => {
      const found = await axe.run({ resultTypes: ["violations"] });
      return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.html.slice(0, 160)}`));
    },

    built: () => {
      const said = [];
      if (document.documentElement.lang !== "nl") said.push("language");
      if (document.querySelectorAll("h1").length !== 1) said.push("headings of level 1");
      if (!/ \u2013 Hub$/.test(document.title)) said.push(`title: ${document.title}`);
      if (document.querySelector("script:not([src]), style, [style], [onclick], [onload]")) said.push("inline script or style");
      if (document.querySelector("[target=_blank]")) said.push("a new window");
      return said;
    },

    // WCAG 1.4.10: nothing to scroll to sideways.
    sideways: () => {
      const { scrollWidth, clientWidth } = document.documentElement;
      if (scrollWidth <= clientWidth) return [];
      return markup(all().filter((one) => one.getBoundingClientRect().right > clientWidth + 1).slice(-5));
    },

    // WCAG 1.4.12: line height 1.5, 2 after paragraphs, 0.12 between letters, 0.16 between words. A sheet of the page's own
    // making is what a strict policy leaves to a script; a reader's own settings are not bound by it.
    space: (on) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
        p { margin-block-end: 2em !important; }`);
      document.adoptedStyleSheets = on ? [sheet] : [];
    },
    cut: () =>
      markup(
        all().filter((one) => {
          const style = getComputedStyle(one);
          if (!/hidden|clip/.test(style.overflowX + style.overflowY) || one.closest(".hub-hidden, svg")) return false;
          return one.clientWidth > 1 && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
        }),
      ),

    moves: () =>
      markup(
        all().filter((one) => {
          const style = getComputedStyle(one);
          const animated = style.animationName !== "none" && seconds(style.animationDuration) > 0.01;
          return animated || seconds(style.transitionDuration) > 0.01;
        }),
      ),

    // Where someone chose the colours, backgrounds are gone: what can be pressed or filled in must have an edge.
    edges: () => {
      const asked = "button, input:not([type=hidden], [type=checkbox]), select, textarea";
      const inside = [...document.querySelectorAll("main *")].filter((one) => one.matches(asked) && shows(one));
      return markup(inside.filter((one) => !parseFloat(getComputedStyle(one).borderBottomWidth)));
    },

    printed: () => {
      const { scrollWidth, clientWidth } = document.documentElement;
      const left = [...document.querySelectorAll(".hub-nav, .hub-crumbs, .hub-account, .hub-skip, .hub-filters")].filter(shows);
      const cut = [...document.querySelectorAll("main table")]
        .map((one) => one.parentElement)
        .filter((one) => one.scrollWidth > one.clientWidth + 1);
      return [...markup(left), ...markup(cut), ...(scrollWidth > clientWidth ? ["too wide"] : [])];
    },

    // WCAG 2.4.7: whatever has the keyboard shows it.
    focus: () => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      const drawn = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
      const box = one.getBoundingClientRect();
      const seen = box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight;
      return drawn && seen ? [] : markup([one]);
    },
  };
})();
