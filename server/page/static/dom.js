// el makes an element. Props are attributes; `on…` are listeners, `data` becomes data-*, null and false
// are left out. Children are nodes or text, which is never read as markup.
export function el(tag, props = {}, ...children) {
  return build(document.createElement(tag), props, children);
}

const svgNamespace = 'http://www.w3.org/2000/svg';

// svg makes an element of a drawing.
export function svg(tag, props = {}, ...children) {
  return build(document.createElementNS(svgNamespace, tag), props, children);
}

function build(node, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'data') Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const find = (selector) => document.querySelector(selector);

// show replaces what is inside a node.
export function show(node, ...children) {
  node.replaceChildren(...children.flat().filter(Boolean));
}
