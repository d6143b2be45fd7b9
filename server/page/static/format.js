import { currentLanguage, word } from './words.js';

// The lots keep the time of Shanghai wherever the page is read.
const zone = 'Asia/Shanghai';

const locale = () => (currentLanguage() === 'zh' ? 'zh-CN' : 'en-GB');

export function money(fen) {
  return `¥${(fen / 100).toFixed(2)}`;
}

function day(text) {
  return new Intl.DateTimeFormat(locale(), { timeZone: zone, month: 'short', day: 'numeric' }).format(new Date(text));
}

export function clock(text) {
  return new Intl.DateTimeFormat(locale(), { timeZone: zone, hour: '2-digit', minute: '2-digit', hour12: false }).format(new Date(text));
}

function hour(text) {
  const hours = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', hour12: false }).format(new Date(text));
  return Number(hours) % 24;
}

// instant writes an instant as exactly as it was given: to the minute, or to the part of the day.
export function instant(text, precision) {
  if (!text) return '—';
  if (precision === 'PART_OF_DAY') return `${day(text)} ${word(`part.${hour(text)}`)}`;
  return `${day(text)} ${clock(text)}`;
}

// length writes minutes. Masked ones were rounded up to hours, so they are an upper bound.
export function length(minutes, masked) {
  const zh = currentLanguage() === 'zh';
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (masked) return zh ? `≤ ${hours} 小时` : `≤ ${hours} h`;
  if (hours === 0) return zh ? `${rest} 分钟` : `${rest} min`;
  return zh ? `${hours} 小时 ${rest} 分` : `${hours} h ${rest} min`;
}
