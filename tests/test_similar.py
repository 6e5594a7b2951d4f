"""Articles that tell the same, and articles that are similar, over small archives of made-up news."""

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive_search.identity import article_version, identified
from archive_search.index.offering import stories
from archive_search.index.offering.stories import MAX_ARTICLES, same_story
from archive_search.index.query import Query, parse
from archive_search.index.storage.schema import SIGNATURE_SIZE
from archive_search.index.storage.shingles import BANDS, agreeing, bands, shingles, signature
from archive_search.index.whoosh_engine import WhooshEngine
from archive_search.records import Article, BlockKind, Document

DAY = datetime(2022, 7, 11, 8, 30, tzinfo=timezone(timedelta(hours=7)))
SYLLABLES = """huyện xã đảng ủy hội nghị kết luận bí thư chủ tịch nhân dân phát biểu đất đai giải phóng
mặt bằng quy hoạch thu ngân sách chi đầu tư công trình giao thông trường học y tế văn hóa nông thôn mới"""
SESSION = """Sáng 11/7, Huyện ủy Thường Tín tổ chức kỳ họp thứ 17 để thảo luận kết quả 6 tháng đầu năm.
Đồng chí Bí thư Huyện ủy chủ trì và phát biểu khai mạc. Tổng thu ngân sách ước đạt 1.245 tỷ đồng."""
GOLDEN = [1096222489, 1307010302, 1437027947, 1639564269, 2106249907, 1219260184, 1525087132, 2061210008]


def news(seed, sentences=20):
    """Return sentences of syllables and a few numbers, the same for the same seed."""
    rng = random.Random(seed)
    return [
        f"{' '.join(rng.choices(SYLLABLES.split(), k=14)).capitalize()} {rng.randrange(100)}."
        for _ in range(sentences)
    ]


def make_article(number, sentences, *, title=None, days=0, portal="mot"):
    blocks = identified([(BlockKind.PARAGRAPH, sentence) for sentence in sentences])
    title = title or f"Tin {number}"
    day = None if days is None else DAY + timedelta(days=days)
    url = f"http://{portal}.vn/{number}"
    article = Article(
        id=f"{portal}-{number}",
        version=article_version(title, None, day, blocks),
        portal=portal,
        number=str(number),
        url=url,
        urls=(url,),
        title=title,
        lead=None,
        published_at=day,
        byline=None,
        section=None,
        blocks=blocks,
        images=(),
        attachments=(),
    )
    return Document(article=article, people=(), topics=())


@pytest.fixture
def engine(tmp_path):
    return WhooshEngine(tmp_path / "index")


def told(engine, article):
    return [hit.id for hit in engine.same_story(article)]


def similar(engine, article, limit=5):
    return [hit.id for hit in engine.similar(article, limit)]


def test_a_signature_is_the_same_on_every_machine():
    assert signature([SESSION]) == GOLDEN


def test_a_signature_has_the_size_that_the_index_keeps():
    assert len(signature([SESSION])) == BANDS == SIGNATURE_SIZE
    assert all(0 < band < 2**32 for band in signature([SESSION]))


@pytest.mark.parametrize("texts", [[], [""], ["Mời xem tệp đính kèm."], [" ".join(SYLLABLES.split()[:19])]])
def test_a_short_text_has_no_signature(texts):
    assert signature(texts) == [0] * SIGNATURE_SIZE


@pytest.mark.parametrize(
    "other",
    [SESSION.upper(), SESSION.replace("ủy", "uỷ"), SESSION.replace(",", " –"), SESSION.replace(". ", "\n")],
)
def test_spelling_and_signs_do_not_change_a_signature(other):
    assert signature([other]) == signature([SESSION])


def test_how_a_text_is_cut_into_blocks_does_not_change_its_signature():
    assert signature(SESSION.split(". ")) == signature([SESSION])


def resembling(share, rng, words=400):
    """Return two texts whose shingles have this share in common."""
    common = int(words * 2 * share / (1 + share))
    one, other = ([str(rng.random()) for _ in range(words)] for _ in range(2))
    return " ".join(one), " ".join(one[:common] + other[common:])


@pytest.mark.parametrize(("share", "least", "most"), [(0.7, 0.97, 1), (0.5, 0.8, 1), (0.1, 0, 0.06)])
def test_candidates_are_found_by_how_much_texts_resemble_each_other(share, least, most):
    rng = random.Random(17)
    found = []
    for _ in range(200):
        pair = np.array([signature([text]) for text in resembling(share, rng)], dtype=np.uint32)
        one, other = bands(pair)
        found.append(bool((one == other).any()))
    assert least <= sum(found) / len(found) <= most


def test_rows_agree_as_often_as_texts_resemble_each_other():
    rng = random.Random(17)
    pairs = [np.array([signature([t]) for t in resembling(0.6, rng)], dtype=np.uint32) for _ in range(200)]
    rows = [int(agreeing(one, np.array([other]))[0]) for one, other in pairs]
    assert sum(rows) / len(rows) / 24 == pytest.approx(0.6, abs=0.03)


NOTICE = """Giá xăng dầu kỳ điều hành ngày {day}/7/2022: xăng E5 RON 92 không quá {a} đồng một lít, xăng RON
95 không quá {b} đồng một lít, dầu điêzen không quá {c} đồng một lít. Đề nghị các cửa hàng niêm yết giá
và bán đúng giá theo quy định của liên Bộ Công Thương và Tài chính."""
STORY = news("họp")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (["Tiêu đề khác hẳn", *STORY], True),
        (["Tin dẫn của tòa soạn viết thêm ở đầu bài.", *STORY, "Theo TTXVN"], True),
        (STORY[:14], True),
        ([*STORY[:10], *news("khác", 2), *STORY[12:]], True),
        ([*STORY[:10], *news("khác", 10)], False),
        (news("khác"), False),
        (STORY[:5], False),
        ([], False),
    ],
)
def test_texts_tell_the_same_if_one_holds_most_of_the_other(other, same):
    assert same_story(shingles(STORY), shingles(other)) is same
    assert same_story(shingles(other), shingles(STORY)) is same


def test_notices_in_the_same_words_with_other_numbers_are_not_the_same():
    one = NOTICE.format(day=11, a="27.788", b="29.675", c="26.593")
    other = NOTICE.format(day=21, a="25.073", b="26.070", c="24.858")
    assert not same_story(shingles([one]), shingles([other]))
    assert same_story(shingles([one]), shingles([f"Theo Bộ Công Thương. {one}"]))


def test_the_earliest_teller_is_first_and_those_without_a_date_last(engine):
    engine.rebuild(
        make_article(number, STORY, days=days)
        for number, days in [(1, None), (2, 3), (3, 0), (4, 3), (5, None)]
    )
    expected = ["mot-3", "mot-2", "mot-4", "mot-1", "mot-5"]
    assert [told(engine, article) for article in expected] == [expected] * 5


@pytest.mark.parametrize("article", ["mot-1", "mot-404"])
def test_an_article_alone_or_unknown_tells_no_story(engine, article):
    engine.rebuild([make_article(1, STORY), make_article(2, news("khác"))])
    assert told(engine, article) == []


def test_a_story_is_told_from_one_to_the_next(engine):
    third = [*news("thêm", 5), *STORY[5:]]
    fourth = [*third[:15], *news("nữa", 5)]
    engine.rebuild(make_article(n, text, days=n) for n, text in enumerate([STORY, third, fourth]))
    assert not same_story(shingles(STORY), shingles(fourth))
    assert told(engine, "mot-2") == told(engine, "mot-0") == ["mot-0", "mot-1", "mot-2"]


def test_a_copy_that_comes_later_and_one_that_goes_change_the_story(engine):
    engine.rebuild([make_article(1, STORY, days=1), make_article(2, STORY, days=2)])
    engine.update([make_article(3, STORY, portal="hai")], removed=["mot-2"])
    assert told(engine, "mot-1") == ["hai-3", "mot-1"]
    assert told(engine, "mot-2") == []


def test_of_a_story_told_without_end_so_many_are_named(engine):
    engine.rebuild(make_article(n, STORY, days=n) for n in range(MAX_ARTICLES + 20))
    found = told(engine, "mot-7")
    assert len(found) == MAX_ARTICLES
    assert told(engine, found[-1]) == found


def test_not_more_texts_are_read_than_the_bound(engine, monkeypatch):
    monkeypatch.setattr(stories, "_MAX_TEXTS", 4)
    engine.rebuild(make_article(n, STORY, days=n) for n in range(8))
    assert len(told(engine, "mot-5")) == 4


def test_a_hit_says_how_many_tell_the_same_and_who_was_first(engine):
    first = make_article(2, STORY, portal="hai").article
    engine.rebuild([make_article(1, STORY, days=1), Document(article=first, people=(), topics=())])
    hits = engine.search(Query(node=parse("huyện"), text="huyện")).hits
    assert {hit.id for hit in hits} == {"mot-1", "hai-2"}
    for hit in hits:
        assert (hit.story.size, hit.story.first, hit.story.portal) == (2, "hai-2", "hai")
        assert (hit.story.url, hit.story.published_at) == (first.url, first.published_at)


def test_a_hit_that_stands_alone_has_no_story(engine):
    engine.rebuild([make_article(1, STORY), make_article(2, news("khác"))])
    assert {hit.story for hit in engine.search(Query(node=parse("huyện"), text="huyện")).hits} == {None}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 6)), min_size=1, max_size=9))
def test_all_tellers_of_a_story_name_the_same(tmp_path_factory, made):
    engine = WhooshEngine(tmp_path_factory.mktemp("index"))
    engine.rebuild(
        make_article(n, [*news(story)[:14], *news(f"{story} {n}", cut)], days=n)
        for n, (story, cut) in enumerate(made)
    )
    found = {f"mot-{n}": told(engine, f"mot-{n}") for n in range(len(made))}
    for article, tellers in found.items():
        assert not tellers or article in tellers
        assert len(tellers) != 1
        assert all(found[teller] == tellers for teller in tellers)


LAND = "Thu hồi đất và giải phóng mặt bằng đường Vành đai 4"
TOPICS = {
    1: (LAND, "Nhà nước thu hồi đất giải phóng mặt bằng đường Vành đai 4 qua ba xã."),
    2: ("Chi trả tiền đền bù", "Hộ dân nhận tiền khi thu hồi đất giải phóng mặt bằng đường Vành đai 4."),
    3: ("Tiến độ đường Vành đai 4", "Mặt bằng đường Vành đai 4 đã bàn giao sau khi thu hồi đất."),
    4: ("Tiêm vắc xin cho trẻ em", "Trung tâm y tế tiêm vắc xin phòng sởi cho trẻ em tại các xã."),
    5: ("Trẻ em được tiêm vắc xin", "Trạm y tế xã tiêm vắc xin phòng sởi, trẻ em được theo dõi sau tiêm."),
    6: ("Bóng đá thiếu niên", "Cầu thủ ghi bàn ở trận chung kết bóng đá thiếu niên."),
    7: ("Văn nghệ mừng xuân", "Đêm văn nghệ mừng xuân có nhiều tiết mục múa hát."),
}


@pytest.fixture
def topical(engine):
    engine.rebuild(make_article(n, [text], title=title, days=n) for n, (title, text) in TOPICS.items())
    return engine


@pytest.mark.parametrize(("article", "near"), [(1, {2, 3}), (4, {5}), (5, {4})])
def test_similar_articles_are_on_the_same_thing(topical, article, near):
    assert set(similar(topical, f"mot-{article}")) == {f"mot-{n}" for n in near}


def test_similar_articles_are_as_many_as_asked_for_the_nearest_first(topical):
    both = topical.similar("mot-1", 2)
    assert [hit.score for hit in both] == sorted((hit.score for hit in both), reverse=True)
    assert similar(topical, "mot-1", 1) == [both[0].id]


@pytest.mark.parametrize("article", ["mot-6", "mot-404"])
def test_an_article_like_no_other_has_no_similar_ones(topical, article):
    assert similar(topical, article) == []


def test_similar_articles_do_not_tell_the_same_and_of_a_story_one_is_named(engine):
    near = [*STORY[:8], *news("gần", 12)]
    engine.rebuild(
        make_article(n, text, days=n) for n, text in enumerate([STORY, STORY, near, near, news("xa")])
    )
    found = similar(engine, "mot-0")
    assert "mot-1" not in found
    assert [article for article in found if article in ("mot-2", "mot-3")] == ["mot-3"]


def test_of_equally_near_articles_the_newest_is_first(engine):
    title, text = TOPICS[4]
    others = [make_article(n, ["Trạm y tế xã tiêm vắc xin."], title=TOPICS[5][0], days=n) for n in (2, 9, 5)]
    engine.rebuild(
        [make_article(1, [text], title=title), *others, *(make_article(n, news(n)) for n in (20, 21))]
    )
    assert [hit.published_at.day for hit in engine.similar("mot-1", 3)] == [20, 16, 13]


def test_a_deleted_article_is_no_longer_similar(topical):
    topical.update([], removed=["mot-2"])
    assert "mot-2" not in similar(topical, "mot-1")
    assert similar(topical, "mot-2") == []


def test_an_article_without_words_has_nothing_similar(topical):
    bare = make_article(8, [])
    topical.update([replace(bare, article=replace(bare.article, title="…"))])
    assert similar(topical, "mot-8") == told(topical, "mot-8") == []
