"""Topics: a few, the main one first, each with the phrases that decided."""

import json
from pathlib import Path

import pytest

from archive_search.cleaning.topics import MAX_TOPICS, find_topics
from archive_search.identity import identified
from archive_search.records import Article, BlockKind
from archive_search.vietnamese.lexicon import topics

SEED = Path(__file__).parent / "data" / "people" / "thuongtin-ky-hop-17.txt"


def make_article(*paragraphs, title="Tin trong ngày", lead=None, section=None):
    return Article(
        id="a", version="v", portal="test", number=None, url="http://portal.test/1", urls=(), title=title,
        lead=lead, published_at=None, byline=None, section=section,
        blocks=identified((BlockKind.PARAGRAPH, text) for text in paragraphs), images=(), attachments=(),
    )  # fmt: skip


def slugs(*paragraphs, **parts):
    return [topic.slug for topic in find_topics(make_article(*paragraphs, **parts))]


@pytest.fixture(scope="module")
def seed():
    lines = [line.strip() for line in SEED.read_text(encoding="utf-8").split("\n") if line.strip()]
    return make_article(*lines[2:-1], title=lines[1], section=lines[0])


def test_the_seed_is_about_the_party_and_the_economy_although_it_touches_fifteen_topics(seed):
    gold = json.loads(SEED.with_suffix(".gold.json").read_text(encoding="utf-8"))["topics"]
    found = [topic.slug for topic in find_topics(seed)]
    assert found[0] == gold["primary"][0]
    assert "kinh-te-ngan-sach" in found
    assert set(found) <= {*gold["primary"], *gold["secondary"]}


@pytest.mark.parametrize(
    ("title", "text", "slug"),
    [
        ("Đẩy nhanh giải phóng mặt bằng", "Huyện chi trả bồi thường và tái định cư.", "dat-dai-gpmb"),
        ("Khai giảng năm học mới", "Học sinh và giáo viên vui đón năm học.", "giao-duc"),
        ("Ra quân tiêm chủng", "Ngành y tế tiêm vắc xin phòng dịch bệnh.", "y-te"),
        ("Kết nạp đảng viên mới", "Chi bộ kết nạp đảng cho quần chúng.", "xay-dung-dang"),
    ],
)
def test_a_plain_article_gets_its_topic_first(title, text, slug):
    assert slugs(text, title=title)[0] == slug


def test_spelling_of_tone_marks_does_not_matter():
    texts = ("Huyện uỷ họp, cấp uỷ dự.", "Huyện ủy họp, cấp ủy dự.")
    assert slugs(texts[0], title="Huyện uỷ") == slugs(texts[1], title="Huyện ủy") == ["xay-dung-dang"]


def test_words_that_hold_a_phrase_are_not_that_phrase():
    assert slugs("Yêu cầu, nhu cầu và thỉnh cầu của toàn cầu.", title="Cầu lông") == []


def test_the_title_says_more_than_the_body():
    assert slugs("Bảo tàng mở lễ hội.", title="Cải cách hành chính")[0] == "cai-cach-hanh-chinh"


def test_a_word_repeated_often_does_not_outweigh_five_that_belong_together():
    often = "Doanh nghiệp là doanh nghiệp. " * 12
    found = slugs(often, "Lễ hội, di tích, bảo tàng, triển lãm, nghệ thuật, du lịch, văn nghệ.")
    assert found[0] == "van-hoa-the-thao"


def test_there_are_at_most_three_topics():
    everything = " ".join(phrase for topic in topics() for phrase in topic.phrases)
    assert len(slugs(everything)) == MAX_TOPICS


def test_scores_fall_and_lie_between_zero_and_one(seed):
    scores = [topic.score for topic in find_topics(seed)]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


def test_phrases_are_printed_as_in_the_lexicon(seed):
    known = {topic.slug: topic.phrases for topic in topics()}
    assert all(set(topic.phrases) <= set(known[topic.slug]) for topic in find_topics(seed))
    assert all(topic.phrases for topic in find_topics(seed))


def test_the_section_is_a_hint():
    text = "Nhiều doanh nghiệp và nhà báo gặp nhau."
    assert slugs(text, title="Gặp mặt báo chí và doanh nghiệp", section="Báo chí")[0] == "bao-chi-xuat-ban"


def test_an_article_without_any_phrase_has_no_topic():
    assert slugs("Hôm nay trời đẹp.") == []
