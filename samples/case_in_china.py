"""The part of `samples/case` that banks in China hand over: a bank return.

One day in March: six people are talked into paying two accounts; minutes later the money is at a second tier, then at a
third, and leaves as cash, over a wallet, and to a coin dealer. Around it a little ordinary life, and what makes real
returns hard to read. Every person, bank and number is invented: cards begin with 6200, identity numbers with 000000.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

COLUMNS = (
    "交易卡号", "交易账号", "账户开户名称", "开户人证件号码", "交易时间", "交易金额", "交易余额", "收付标志",
    "交易对手账卡号", "现金标志", "对手户名", "对手身份证号", "对手开户银行", "摘要说明", "交易币种", "交易网点名称",
    "交易网点代码", "交易发生地", "交易是否成功", "传票号", "终端号", "IP地址", "MAC地址", "对手交易余额",
    "交易流水号", "日志号", "凭证种类", "凭证号", "交易柜员号", "商户名称", "商户号", "备注", "交易类型",
    "查询反馈结果原因",
)  # fmt: skip
_TABBED = {
    "交易卡号", "交易账号", "开户人证件号码", "交易时间", "交易金额", "交易余额", "交易对手账卡号", "交易流水号",
}  # fmt: skip
_DAY = datetime(2026, 3, 11)
_OPENING = {"V": 60_000_00}
_LITTLE = 2_000_00


@dataclass(frozen=True)
class Holder:
    """Somebody with an account; `bank` is one of `BANKS`, or another, which sent no statement."""

    name: str
    bank: str
    card: str
    number: str = ""


@dataclass(frozen=True)
class Bank:
    """How one of the two banks writes: an empty cell, its words for out and in, times, the sub-account at the card."""

    name: str
    null: str
    words: tuple[str, str]
    time: str
    suffix: str = ""
    forgets_number: bool = False


BANKS = (
    Bank("样例银行", "-", ("出", "进"), "%Y-%m-%d %H:%M:%S", suffix="_156_1"),
    Bank("模型银行", r"\N", ("借", "贷"), "%Y%m%d%H%M%S", forgets_number=True),
)


def _people() -> dict[str, Holder]:
    """V victims, F S T the tiers, M a shop, E an employer, W a wholesaler, X the coin dealer."""
    names = {
        "V1": "样例甲", "V2": "样例乙", "V3": "样例丙", "M": "样例便利店", "F1": "样例丁", "S1": "样例戊",
        "T1": "样例己",
    }  # fmt: skip
    others = {"V4": "模型甲", "F2": "模型乙", "S2": "模型丙", "T2": "模型丁", "T3": "模型戊"}
    outside = {
        "V5": "远方甲", "V6": "远方乙", "E": "远方工厂", "W": "远方批发", "X": "远方虚拟币场外交易",
    }  # fmt: skip
    held: dict[str, Holder] = {}
    for code, (bank, group) in enumerate(((BANKS[0].name, names), (BANKS[1].name, others), ("远方银行", outside)), 1):
        for k, (key, name) in enumerate(group.items(), 1):
            number = "" if code == 3 else f"00{code}{k:014}"
            held[key] = Holder(name, bank, f"6200{code:02}{k:013}", number)
    return held


PEOPLE = _people()
WALLET, ALIPAY = "wxid_sample_0001", "2088000000000017"
"""A wallet of T1, and an Alipay user who pays S2."""


@dataclass(frozen=True)
class _Record:
    """One row of one account's statement; `fen` is negative where money left, `moved` false where none did."""

    who: str
    time: datetime
    fen: int
    memo: str
    serial: str = ""
    other: Holder | None = None
    merchant: str = ""
    channel: str = "手机银行"
    failed: str = ""
    balance: int = 0


@dataclass
class _Return:
    """The records of both banks as they are written down."""

    records: list[_Record] = field(default_factory=list)
    serial: int = 0

    def pay(
        self, at: str, payer: str, payee: str, yuan: float, memo: str = "转账", *, day: int = 0, serial: str = ""
    ) -> str:
        """A transfer: a record in each statement that there is; the payee's bank books 4 seconds later."""
        self.serial += 1
        serial = serial or f"S2603{self.serial:06}"
        for who, sign, other in ((payer, -1, payee), (payee, 1, payer)):
            if PEOPLE[who].number:
                later = timedelta(seconds=4 if sign > 0 else 0)
                row = _Record(who, moment(at, day) + later, sign * _fen(yuan), memo, serial, PEOPLE[other])
                self.records.append(row)
        return serial

    def alone(self, at: str, who: str, yuan: float, memo: str, *, day: int = 0, **more: Any) -> None:
        """A record without counterparty: cash, a fee, interest, a card payment in a shop, a payment that failed."""
        self.serial += 1
        row = _Record(who, moment(at, day), _fen(yuan), memo, f"S2603{self.serial:06}")
        self.records.append(replace(row, **more))


def _fen(yuan: float) -> int:
    return round(yuan * 100)


def moment(clock: str, day: int = 0) -> datetime:
    """A time of the day on which it happens, or so many days from it."""
    return datetime.combine(_DAY + timedelta(days=day), datetime.strptime(clock, "%H:%M:%S").time())


def _life(book: _Return) -> None:
    """Two ordinary days: wages, shopping, a payment taken back."""
    for k, (who, yuan) in enumerate((("V1", 8600), ("V2", 7200), ("V3", 9100), ("V4", 6400))):
        book.pay(f"09:00:{k:02}", "E", who, yuan, "工资", day=-2)
    book.alone("12:10:31", "V1", -128.50, "消费", day=-2, merchant="样例超市", channel="POS")
    book.alone("18:42:07", "V2", -56.00, "消费", day=-2, merchant="样例影院", channel="POS")
    book.pay("12:31:10", "V1", "M", 45.80, "扫码付款", day=-2)
    book.pay("12:40:00", "V3", "M", 20.00, "扫码付款", day=-2)
    book.pay("12:40:00", "V3", "M", 20.00, "扫码付款", day=-2)  # twice in one second, and both are real
    book.pay("12:52:44", "V4", "M", 33.00, "扫码付款", day=-2)
    book.pay("13:05:20", "V2", "M", 61.50, "扫码付款", day=-2)
    book.pay("08:15:09", "V1", "M", 12.30, "扫码付款", day=-1)
    book.pay("17:30:00", "M", "W", 150.00, "货款", day=-1)
    taken = book.pay("19:00:00", "V2", "V4", 300.00, day=-1)
    book.pay("19:20:00", "V4", "V2", 300.00, "冲正", day=-1, serial=taken)
    book.alone("23:59:00", "V3", 3.21, "结息", day=-1, channel="批量")
    book.alone("23:59:00", "V4", 2.08, "结息", day=-1, channel="批量")
    book.alone("16:20:00", "V4", -500.00, "ATM取款", day=-1, channel="ATM")


def _fraud(book: _Return) -> None:
    """The chain: six victims, two first accounts, two second, three third, and the ends."""
    for at, victim, first, yuan in (
        ("10:02:11", "V1", "F1", 28_000), ("10:05:30", "V4", "F1", 36_000), ("10:08:02", "V5", "F1", 19_500),
        ("10:03:45", "V2", "F2", 22_000), ("10:06:19", "V3", "F2", 31_000), ("10:09:58", "V6", "F2", 47_000),
    ):  # fmt: skip
        book.pay(at, victim, first, yuan, "安全账户")
    book.alone("10:14:00", "F1", -83_000, "转账", other=PEOPLE["S2"], failed="交易失败：超过限额")
    book.pay("10:16:20", "F1", "S1", 83_000, "货款")
    book.pay("10:18:05", "F2", "S2", 99_400, "货款")
    book.records.append(
        _Record("S2", moment("10:21:12"), _fen(24_600), "支付宝转账", other=Holder("阿样", "支付宝", ALIPAY))
    )
    for at, second, third, yuan in (
        ("10:27:40", "S1", "T1", 40_000), ("10:29:15", "S1", "T3", 42_500),
        ("10:31:02", "S2", "T2", 50_000), ("10:33:50", "S2", "T3", 73_400),
    ):  # fmt: skip
        book.pay(at, second, third, yuan, "往来")
    book.alone("10:34:30", "S1", -5.00, "手续费", channel="批量")
    book.records.append(
        _Record("T1", moment("10:40:00"), _fen(-39_600), "零钱充值", "TOPUP00001", Holder("样例己", "财付通", WALLET))
    )
    book.alone("10:45:10", "T2", -20_000, "ATM取款", channel="ATM")
    book.alone("10:58:33", "T2", -29_500, "现金支取", channel="柜台")
    book.pay("10:49:26", "T3", "X", 115_500, "投资款")
    book.alone("10:50:00", "T3", -15.00, "汇划费", channel="批量")


def records() -> list[_Record]:
    """All rows, account by account, each with the balance after it; one row of the shop is missing."""
    book = _Return()
    _life(book)
    _fraud(book)
    balances = {who: _OPENING.get(who[0], _LITTLE) for who in PEOPLE}
    rows = []
    for row in sorted(book.records, key=lambda r: (PEOPLE[r.who].card, r.time, r.serial)):
        balances[row.who] += 0 if row.failed else row.fen
        rows.append(replace(row, balance=balances[row.who]))
    return [row for row in rows if (row.who, row.fen) != ("M", 33_00)]


# --- the bank return -------------------------------------------------------------------------------


def bank_return() -> dict[str, bytes]:
    """Six files a bank, in GB18030, cells of numbers ended by a tab."""
    rows, files = records(), {}
    for bank in BANKS:
        own = [row for row in rows if PEOPLE[row.who].bank == bank.name]
        written = [_cells(k, row, bank) for k, row in enumerate(own)]
        if bank is BANKS[0]:
            written.insert(6, written[5])  # delivered twice
        files[f"bank_return/{bank.name}_交易明细信息.csv"] = _csv(COLUMNS, written)
        balances = {row.who: row.balance for row in own}
        for name, (header, table) in _beside(bank, balances).items():
            files[f"bank_return/{bank.name}_{name}.csv"] = _csv(header, table)
    return files


def _cells(k: int, row: _Record, bank: Bank) -> list[str]:
    own, other, out = PEOPLE[row.who], row.other, row.fen < 0
    texts = {
        "交易卡号": own.card + bank.suffix,
        "交易账号": "" if bank.forgets_number and k % 5 == 1 else own.number,
        "账户开户名称": own.name,
        "开户人证件号码": identity(own),
        "交易时间": row.time.strftime(bank.time),
        "交易金额": _odd(k, yuan(abs(row.fen))),
        "交易余额": yuan(row.balance),
        "收付标志": bank.words[0 if out else 1],
        "交易对手账卡号": other.card if other else "",
        "现金标志": "现金" if row.channel in ("ATM", "柜台") else "转账",
        "对手户名": other.name if other else "",
        "对手开户银行": other.bank if other else "",
        "摘要说明": row.memo,
        "交易币种": "CNY" if bank is BANKS[0] else "人民币",
        "交易发生地": "样例市",
        "交易是否成功": "失败" if row.failed else "成功",
        "IP地址": "203.0.113.7" if out and row.who in _ONE_HAND else "",
        "MAC地址": "02-00-00-00-00-07" if out and row.who in _ONE_HAND else "",
        "交易流水号": row.serial,
        "商户名称": row.merchant,
        "交易类型": row.channel,
        "查询反馈结果原因": row.failed or "成功",
    }  # fmt: skip
    return [(texts.get(name) or bank.null) + ("\t" if name in _TABBED else "") for name in COLUMNS]


_ONE_HAND = ("F1", "F2", "S1", "S2", "T1", "T3")
"""Whose accounts are used from one phone: an address kept for documentation, a device number that is nobody's."""


def _odd(k: int, amount: str) -> str:
    """Every seventh amount as a spreadsheet or a typist left it."""
    if k % 7 != 3:
        return amount
    whole, cents = amount.split(".")
    ways = (
        f"¥{amount}",
        f"{int(whole):,}.{cents}",
        amount.translate(str.maketrans("0123456789.", "０１２３４５６７８９．")),
    )
    return ways[k // 7 % 3]


_MEASURES = (
    "银行名称", "账号", "卡号", "措施序号", "冻结措施类型", "冻结金额", "冻结机关", "冻结开始日期", "冻结截止日期",
)  # fmt: skip


def _beside(bank: Bank, balances: Mapping[str, int]) -> dict[str, tuple[Sequence[str], list[list[str]]]]:
    """The files beside the transactions: some have no row but their header."""
    own = {key: PEOPLE[key] for key in balances}
    frozen = [key for key in ("T2", "T3") if key in own]
    accounts = (
        "账户开户名称", "开户人证件号码", "卡号", "账号", "开户时间", "账户余额", "币种", "账户状态", "账号开户银行",
    )  # fmt: skip
    return {
        "账户信息": (accounts, [
            [h.name, identity(h) + "\t", h.card + "\t", h.number + "\t", "2024-05-06 10:00:00\t",
             yuan(balances[key]) + "\t", "CNY", "冻结" if key in frozen else "正常", bank.name]
            for key, h in own.items()
        ]),
        "人员信息": (("客户名称", "证照类型", "证照号码", "联系电话", "工作单位"), [
            [h.name, "居民身份证", identity(h) + "\t", "", ""] for h in own.values()
        ]),
        "子账户信息": (("银行名称", "开户账号", "子账户账号", "余额", "子账户类别", "子账户序号", "币种"), [
            [bank.name, h.card + "\t", h.card + bank.suffix + "\t", yuan(balances[key]) + "\t", "活期", "1", "CNY"]
            for key, h in own.items() if bank.suffix
        ]),
        "强制措施信息": (_MEASURES, [
            [bank.name, own[key].number + "\t", own[key].card + "\t", "1", "公安冻结", yuan(balances[key]) + "\t",
             "样例市公安局", "2026-03-12 09:00:00\t", "2026-09-12 09:00:00\t"]
            for key in frozen
        ]),
        "任务失败信息": (("任务流水号", "银行名称", "主体类别", "账卡号", "反馈结果", "查询反馈结果原因"), [
            ["000000000001\t", bank.name, "个人", "6200010000009999999\t", "失败", "账号不存在"]
        ] if bank is BANKS[0] else []),
    }  # fmt: skip


def identity(holder: Holder) -> str:
    """An identity number of no region."""
    return f"000000{int(holder.card[4:6]):06}{int(holder.card[6:]):06}"


def yuan(fen: int) -> str:
    """Fen, not negative, as text with two decimals."""
    return f"{fen // 100}.{fen % 100:02}"


def _csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    quoted = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in [header, *rows]]
    return "".join(",".join(row) + "\r\n" for row in quoted).encode("gb18030")
