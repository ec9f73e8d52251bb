-- One row per series, with what has arrived of it and whether that is all.
-- The rules, in their order, are in docs/completeness.md.

with series as (
    select * from {{ ref('stg_series') }}
),

images as (
    select
        series_instance_uid,
        count(*) as number_of_instances,
        count(case when has_pixel_data then 1 end) as number_of_images
    from {{ ref('stg_images') }}
    group by series_instance_uid
),

judged as (
    select
        *,
        case
            when missing > 0 and expected_images is not null then 'gaps: expected_count'
            when missing > 0 and missing_by_number > 0 then 'gaps: instance_number'
            when missing > 0 then 'gaps: slice_position'
            when repeated > 0 then 'duplicates: instance_number'
            when duplicates > 0 then 'duplicates: slice_position'
            when expected_images is not null then 'complete: expected_count'
            when images = 1 and frames > 1 then 'complete: multi_frame'
            when images = 1 and placed = 0 then 'not_applicable: single_image'
            when images = 1 then 'unknown: single_slice'
            when unnumbered > 0 then 'unknown: no_instance_number'
            when missing_by_number > 0 then 'unknown: numbers_skip'
            when first_number > 1 then 'unknown: numbers_start_late'
            when is_uniform then 'complete: numbers_and_spacing'
            else 'complete: numbers'
        end as judgement
    from {{ ref('series_evidence') }}
),

found as (
    select
        series.series_instance_uid,
        coalesce(images.number_of_instances, 0) as number_of_instances,
        coalesce(images.number_of_images, 0) as number_of_images,
        coalesce(
            judged.judgement,
            case
                when images.number_of_images > 0 then 'not_applicable: localizer'
                else 'not_applicable: no_pixels'
            end
        ) as judgement
    from series
    left join images on series.series_instance_uid = images.series_instance_uid
    left join judged on series.series_instance_uid = judged.series_instance_uid
)

select
    {{ columns_of([('stg_series', 'series')]) }},
    cast(found.number_of_instances as bigint) as number_of_instances,
    cast(found.number_of_images as bigint) as number_of_images,
    cast(coalesce(judged.frames, 0) as bigint) as number_of_frames,
    cast(judged.number_of_slices as bigint) as number_of_slices,
    cast(judged.expected_images as bigint) as expected_images,
    cast(coalesce(judged.missing, 0) as bigint) as missing_instances,
    cast(coalesce(judged.duplicates, 0) as bigint) as duplicate_instances,
    cast(judged.first_number as bigint) as first_instance_number,
    cast(judged.last_number as bigint) as last_instance_number,
    cast(judged.slice_spacing_mm as double) as slice_spacing_mm,
    judged.is_uniform,
    split_part(found.judgement, ': ', 1) as completeness,
    split_part(found.judgement, ': ', 2) as completeness_reason,
    case
        when found.judgement like 'complete%' then true
        when found.judgement like 'gaps%' or found.judgement like 'duplicates%'
            then false
    end as is_complete
from series
inner join found on series.series_instance_uid = found.series_instance_uid
left join judged on series.series_instance_uid = judged.series_instance_uid
