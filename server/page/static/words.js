// Every word of the page: [Chinese, English]. Chinese is what a visitor meets first.
const words = {
  skip: ['跳到正文', 'Skip to content'],
  tagline: ['智慧停车服务端', 'the back end of smart parking'],
  title: ['同一次停车，每个人只看到该看的', 'One stay, and everyone sees only their part of it'],
  lead: [
    'parkbff 是停车平台面向各个客户端的一个 GraphQL 服务：小程序查费缴费，App 收进出通知，道闸上报车辆。登录为下面任一层级，看同样的数据怎样脱敏或清晰地到达。',
    'parkbff is the one GraphQL service behind every client of a parking platform: mini-programs quote and pay, apps receive notices, gates report cars. Sign in as any tier below and watch the same data arrive masked or clear.',
  ],
  foot: [
    '演示数据：车场为真实公共场所，容量与价格为示意；人员、手机号、证件均为虚构。合作方（短信、证件识别）由本机沙箱代替。',
    'Demo data: the lots are real public places with made-up capacities and prices; people, mobiles and documents do not exist. Partners (SMS, document reading) are stood in for by local sandboxes.',
  ],

  'tiers.title': ['以某个层级登录', 'Sign in as a tier'],
  'tiers.current': ['当前', 'You'],
  'tier.ANONYMOUS': ['未登录', 'Anonymous'],
  'tier.REGISTERED': ['已注册', 'Registered'],
  'tier.PLATE_BOUND': ['已绑车', 'Plate bound'],
  'tier.FOLLOWED': ['已关注', 'Following'],
  'tier.VERIFIED': ['已认证', 'Verified'],
  'sees.ANONYMOUS': ['查车场，替任何车牌查费', 'Finds lots, quotes any plate'],
  'sees.REGISTERED': ['可以绑定车牌', 'May bind a plate'],
  'sees.PLATE_BOUND': ['看脱敏的停车记录', 'Sees masked stays'],
  'sees.FOLLOWED': ['收脱敏的进出通知', 'Gets masked notices'],
  'sees.VERIFIED': ['记录与通知全部清晰', 'Sees everything clear'],
  'next.REGISTER': ['登录', 'sign in'],
  'next.BIND_PLATE': ['绑定车牌', 'bind a plate'],
  'next.FOLLOW_CHANNEL': ['在小程序或 App 登录，或关注公众号', 'sign in on a mini-program or the app'],
  'next.VERIFY_VEHICLE': ['认证车辆', 'verify a vehicle'],
  'channel.WECHAT_MINI': ['微信小程序', 'WeChat mini-program'],
  'channel.WECHAT_OFFICIAL': ['微信公众号', 'WeChat official account'],
  'channel.ALIPAY_MINI': ['支付宝小程序', 'Alipay mini-program'],
  'channel.ALIPAY_LIFE': ['支付宝生活号', 'Alipay life account'],
  'channel.APP': ['App', 'app'],
  'channel.H5': ['H5 网页', 'web page'],

  'signin.sending': ['正在发送验证码…', 'Sending a code…'],
  'signin.waiting': ['验证码每分钟一条，{n} 秒后自动登录', 'One code a minute: signing in by itself in {n} s'],
  'signin.checking': ['正在登录…', 'Signing in…'],
  'signin.vouched': ['微信小程序（沙箱）已确认身份与手机号', 'WeChat (the sandbox) vouches for person and mobile'],
  'signin.none': ['没有演示账号：请用 make run 启动', 'No demo accounts: start with make run'],
  'signin.code': ['沙箱短信收到验证码 {code}', 'The sandbox received the code {code}'],

  'me.title': ['我', 'Me'],
  'me.tier': ['层级', 'Tier'],
  'me.next': ['下一步', 'Next step'],
  'me.top': ['已是最高层级', 'nothing: this is the top'],
  'me.mobile': ['手机', 'Mobile'],
  'me.follows': ['关注渠道', 'Follows on'],
  'me.none': ['无', 'none'],
  'me.vehicles': ['车辆', 'Vehicles'],
  'me.noVehicles': ['还没有绑定车牌。', 'No plate is bound yet.'],
  'me.anonymous': ['未登录。查车场与查费不需要账号；点上面的层级登录。', 'Not signed in. Finding lots and quoting need no account; pick a tier above to sign in.'],
  'vehicle.verified': ['已认证', 'verified'],
  'vehicle.unverified': ['未认证', 'not verified'],
  'vehicle.unbind': ['解绑', 'Unbind'],

  'bind.title': ['绑定车牌', 'Bind a plate'],
  'bind.consent': ['我单独同意记录该车的行踪轨迹（何时进出何处）', 'I separately consent to the recording of where and when this car was seen'],
  'bind.submit': ['绑定', 'Bind'],
  'bind.done': ['已绑定。此后的停车会出现在记录里。', 'Bound. Its stays from now on appear below.'],
  plate: ['车牌', 'Plate'],
  lot: ['车场', 'Lot'],
  color: ['颜色', 'Colour'],
  'color.implied': ['按车牌', 'as implied'],
  'color.BLUE': ['蓝', 'blue'],
  'color.GREEN': ['绿', 'green'],
  'color.YELLOW': ['黄', 'yellow'],
  'color.YELLOW_GREEN': ['黄绿', 'yellow-green'],
  'color.BLACK': ['黑', 'black'],
  'color.WHITE': ['白', 'white'],

  'notices.title': ['进出通知', 'Live notices'],
  'notices.empty': ['还没有通知。演示车辆每几秒进出一次。', 'No notices yet. The demo cars pass a gate every few seconds.'],
  'notices.anonymous': ['登录后，通知会实时出现在这里。', 'Sign in, and notices arrive here as they happen.'],
  'notices.notFollowing': ['通知只发给关注了任一渠道、并绑定了车牌的账号。', 'Notices go to accounts that follow a channel and have bound a plate.'],
  'kind.ENTERED': ['驶入', 'Entered'],
  'kind.EXITED': ['驶出', 'Left'],
  'kind.BOUND_BY_ANOTHER': ['车牌被他人绑定', 'Plate bound by another'],
  'kind.EVICTED': ['车主已认证，绑定已解除', 'Unbound: its owner has verified it'],
  'link.live': ['实时', 'Live'],
  'link.connecting': ['连接中…', 'Connecting…'],
  'link.lost': ['已断开，正在重连…', 'Disconnected, reconnecting…'],
  'link.off': ['未订阅', 'Not subscribed'],
  'link.ended': ['登录已失效', 'Signed out'],

  'history.title': ['停车记录', 'Stays'],
  'history.empty': ['还没有停车记录。绑定之后的停车才会出现。', 'No stays yet. Only stays after binding appear.'],
  'history.anonymous': ['停车记录只给登录并绑定了车牌的人看。', 'Stays are shown to those who are signed in and have bound the plate.'],
  'history.more': ['更早的记录', 'Older stays'],
  'column.lot': ['车场', 'Lot'],
  'column.entered': ['驶入', 'Entered'],
  'column.exited': ['驶出', 'Left'],
  'column.duration': ['时长', 'Length'],
  'column.fee': ['费用', 'Fee'],
  'column.state': ['状态', 'State'],
  'state.OPEN': ['在场', 'in the lot'],
  'state.CLOSED': ['已离场', 'left'],
  'state.GHOST': ['未见离场', 'exit not seen'],
  'part.0': ['凌晨', 'night'],
  'part.6': ['上午', 'morning'],
  'part.12': ['下午', 'afternoon'],
  'part.18': ['晚间', 'evening'],
  'masked.sample': ['脱敏', 'masked'],
  'masked.legend': ['虚线下划的值已脱敏', 'Values with a dashed line are masked'],
  'masked.name': ['只显示一半名称', 'half of the name'],
  'masked.fullName': ['全部车场名称已隐藏', 'all lot names are hidden'],
  'masked.time': ['只显示一天中的时段', 'the part of the day only'],
  'masked.duration': ['向上取整到小时', 'rounded up to hours'],
  'masked.plate': ['中间字符已隐藏', 'the middle is hidden'],
  'masked.null': ['不可见', 'not shown'],

  'specimen.title': ['别的层级看到什么', 'What another tier sees'],
  'specimen.intro': ['同一条记录，四种看法：', 'The same record, seen four ways:'],
  'specimen.who': ['谁在看', 'Viewer'],
  'specimen.verified': ['车辆已认证', 'Vehicle verified'],
  'specimen.bound': ['已绑定，未认证', 'Bound, not verified'],
  'specimen.full': ['开启全脱敏', 'Full masking on'],
  'specimen.stranger': ['陌生人', 'A stranger'],
  'specimen.lotObject': ['地址、坐标、价目', 'Address, position, tariff'],
  'specimen.shown': ['可见', 'shown'],
  'specimen.fromHere': ['您在这里', 'You are here'],

  'lots.title': ['车场与余位', 'Lots and free bays'],
  'lots.loading': ['正在读取车场…', 'Reading the lots…'],
  'lots.empty': ['还没有车场。', 'No lots yet.'],
  'lots.failed': ['读取失败，稍后再试', 'Could not be read; trying again'],
  'lots.updated': ['余位每分钟公布一次', 'Counted once a minute'],
  'lots.more': ['仅列出前 {n} 个车场', 'The first {n} lots only'],
  'band.UNKNOWN': ['未知', 'unknown'],
  'band.FULL': ['车位已满', 'full'],
  'band.FEW': ['余位紧张', 'few'],
  'band.PLENTY': ['余位充足', 'plenty'],
  'lot.bays': ['个车位', 'bays'],
  'lot.free': ['余位', 'free'],
  'lot.hours': ['开放', 'Open'],
  'lot.height': ['限高', 'Height'],
  'lot.ev': ['充电车位', 'Charging'],
  'lot.accessible': ['无障碍车位', 'Accessible'],
  'lot.tariff': ['价目', 'Tariff'],
  'lot.address': ['地址', 'Address'],
  'lot.entrances': ['入口', 'Entrances'],
  'lot.picture': ['图片说明', 'Picture'],
  'lot.noBarrier': ['无道闸，离场后出账', 'No barrier: leave, then billed'],

  'quote.title': ['免登录查费', 'Quote without an account'],
  'quote.hint': ['谁都可以输入任何车牌，所以不在场、免费、已缴、受保护四种情况的回答相同。', 'Anyone can type any plate, so absent, free, paid and protected cars are answered alike.'],
  'quote.submit': ['查费', 'Quote'],
  'quote.payable': ['应缴 {amount}，{time} 前有效', '{amount} to pay, good until {time}'],
  'quote.nothing': ['无需缴费（{time} 前有效）', 'Nothing to pay (good until {time})'],

  busy: ['请稍候…', 'One moment…'],
  'error.RATE_LIMITED': ['太频繁了，请稍后再试', 'Too many attempts; try again later'],
  'error.INVALID_PLATE': ['车牌或颜色不对', 'This is no valid plate, or not of that colour'],
  'error.LANE_CODE_REQUIRED': ['这个车牌今天查得太多，请用车道屏上的编码查费', 'Asked too often: use the code on the screen of the lane'],
  'error.CONSENT_REQUIRED': ['绑定需要单独同意记录行踪轨迹', 'Binding needs the separate consent'],
  'error.PLATE_PROTECTED': ['车主已认证该车牌，不能再绑定', 'Its owner has verified this plate'],
  'error.TOO_MANY_PLATES': ['未认证的车牌最多三个', 'Three unverified plates at most'],
  'error.UNAUTHENTICATED': ['请先登录', 'Sign in first'],
  'error.UNAVAILABLE': ['服务暂不可用，请重试', 'The service cannot answer just now'],
  'error.OFFLINE': ['连不上服务端', 'The server cannot be reached'],
  'error.CODE_INVALID': ['验证码已失效，请再点一次', 'The code is no longer good; try again'],
  'error.OTHER': ['出错了（{code}）', 'Something went wrong ({code})'],
};

const languages = ['zh', 'en'];
const key = 'parkbff.language';

let language = remembered();

function remembered() {
  try {
    return languages.includes(localStorage.getItem(key)) ? localStorage.getItem(key) : 'zh';
  } catch {
    return 'zh'; // storage is switched off
  }
}

export const currentLanguage = () => language;

export function toggleLanguage() {
  language = language === 'zh' ? 'en' : 'zh';
  try {
    localStorage.setItem(key, language);
  } catch {
    // storage is switched off: the choice lasts as long as the page
  }
}

function pair(name) {
  return words[name] ?? [name, name];
}

// word answers a word in the language at hand, with {name} replaced by values.
export function word(name, values = {}) {
  return fill(pair(name)[languages.indexOf(language)], values);
}

// second answers it in the other language.
export function second(name) {
  return pair(name)[1 - languages.indexOf(language)];
}

export const hasWord = (name) => name in words;

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

// relabel writes the words of everything under root that names one.
export function relabel(root) {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const node of root.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  for (const node of root.querySelectorAll('[data-second]')) {
    node.textContent = second(node.dataset.second);
    node.lang = language === 'zh' ? 'en' : 'zh-CN';
  }
}
